"""Handing questions on to the older server's specialised servers, Eliza and Tools."""
