"""What the older server's routes ask for."""

from typing import Annotated

from fastapi import Depends

from smriti.agentserver.service import AgentServer
from smriti.agentserver.sessions import SessionMaker
from smriti.core.edge import provide

Server = Annotated[AgentServer, Depends(provide(AgentServer))]
Sessions = Annotated[SessionMaker, Depends(provide(SessionMaker))]
