"""The benchmark's Errbot. Its own `echo` command answers; the plugins left out look for new versions and serve HTTP."""

import functools
import logging
import os
import tempfile

import slack_sdk.web

# The backend has no option for the address of the Web API, so the client has it built in.
slack_sdk.web.WebClient.__init__ = functools.partialmethod(
    slack_sdk.web.WebClient.__init__, base_url=os.environ["SLACK_API_URL"].rstrip("/") + "/"
)

BACKEND = "SlackV3"
BOT_IDENTITY = {"token": os.environ["SLACK_BOT_TOKEN"], "app_token": os.environ["SLACK_APP_TOKEN"]}
BOT_PREFIX = "!"
BOT_ADMINS = ()
BOT_DATA_DIR = os.environ.get("RIVAL_DATA") or tempfile.mkdtemp(prefix="errbot-")
BOT_EXTRA_PLUGIN_DIR = None
BOT_LOG_LEVEL = logging.ERROR
CORE_PLUGINS = (
    "ACLs",
    "Backup",
    "ChatRoom",
    "CommandNotFoundFilter",
    "Flows",
    "Health",
    "Help",
    "Plugins",
    "TextCmds",
    "Utils",
)
