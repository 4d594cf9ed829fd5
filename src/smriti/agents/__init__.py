"""Agents: who they are, which model they think with, which form creates them."""
