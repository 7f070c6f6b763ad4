"""A manifest written for a cluster runs on one machine too; what has no effect there is said."""


def test_a_worker_image_is_noted_and_the_task_runs(folder, start) -> None:
    folder.write("tick", schedule="* * * * * *", spec="  class: Heavy\n  worker: {image: me/worker, podTemplate: {}}\n")

    dev = start()

    dev.said(r"tick.yaml:1: spec.worker.image has no effect here")
    dev.said(r"tick.yaml:1: spec.worker.podTemplate has no effect here")
    dev.said("running")
