"""Builds what pages that embed agents need out of what the process has already."""

from smriti.agents.service import AgentService
from smriti.auth.google import GoogleSignIn
from smriti.auth.secrets import ServerSecrets
from smriti.conversations.repository import ConversationRepository
from smriti.conversations.service import ConversationService
from smriti.core.edge import Services
from smriti.db.table import Table
from smriti.turns.service import TurnService
from smriti.widget.keys.repository import WidgetKeyRepository
from smriti.widget.keys.service import WidgetKeyService
from smriti.widget.pages import WidgetPages
from smriti.widget.repository import WidgetConversationRepository
from smriti.widget.service import WidgetService
from smriti.widget.sign_in import VisitorSignIn
from smriti.widget.tokens import VisitorTokens


def add_widget(services: Services, secrets: ServerSecrets, table: Table) -> None:
    keys = WidgetKeyService(WidgetKeyRepository(table))
    tokens = VisitorTokens(secrets.jwt_secret)
    widgets = WidgetService(
        WidgetConversationRepository(table),
        services.get(ConversationRepository),
        services.get(ConversationService),
        services.get(TurnService),
        keys=keys,
    )
    services.get(AgentService).begin_deleting_with(widgets.forget_agent)
    sign_in = VisitorSignIn(services.get(GoogleSignIn), keys, tokens)
    services.add(keys, tokens, widgets, sign_in, WidgetPages())
