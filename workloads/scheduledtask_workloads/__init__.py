"""The data plane: the programs that find slots and run tasks, and the contract they share with the control plane."""
