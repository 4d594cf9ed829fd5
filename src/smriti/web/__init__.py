"""The web page that the sign-in link opens."""
