"""Agents on other people's web sites: public keys, visitors, chat."""
