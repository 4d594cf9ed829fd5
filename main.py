"""The process: `uvicorn main:app` serves the same application as `smriti serve`."""

from smriti.app import create_app
from smriti.core.config import Config

app = create_app(Config())
