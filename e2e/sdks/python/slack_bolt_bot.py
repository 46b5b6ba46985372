"""The bot with Bolt for Python."""

import os
import re

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

import actions

app = App(client=actions.web_client(os.environ))


@app.event("app_mention")
def mentioned(event, client):
    actions.say(client, event, f"mentioned in {event['channel']}")


@app.message(re.compile("^!"))
def typed(message, client):
    actions.answer(client, message)


@app.event("message")
def other():
    """Messages without a command, edits, deletions and the bot's own words."""


@app.command("/ops")
def command(ack, respond, command):
    ack(f"acknowledged {command['text']}")
    respond(text=f"responded {command['text']}", response_type="in_channel")


@app.action("confirm")
def clicked(ack, action, say):
    ack()
    say(f"clicked {action['value']}")


handler = SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], ping_interval=actions.PING_INTERVAL)
handler.connect()
actions.run_until_told()
handler.close()
