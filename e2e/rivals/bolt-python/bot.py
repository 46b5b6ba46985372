"""The benchmark's echo bot with Bolt for Python."""

import logging
import os
import re

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

logging.basicConfig(level=logging.ERROR)
base_url = os.environ["SLACK_API_URL"].rstrip("/") + "/"
app = App(client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=base_url))


@app.message(re.compile(r"^!echo (.+)", re.DOTALL))
def echo(context, say):
    say(context["matches"][0])


SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()
