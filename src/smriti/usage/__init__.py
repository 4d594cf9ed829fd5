"""What people use, and how much of it their plans allow."""
