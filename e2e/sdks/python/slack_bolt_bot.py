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


@app.event("app_home_opened")
def home_opened(event, client):
    client.views_publish(user_id=event["user"], view=actions.home(event["user"]))


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


@app.action("form")
def opens_form(ack, body, client):
    ack()
    client.views_open(trigger_id=body["trigger_id"], view=actions.modal(body["channel"]["id"]))


@app.view("form")
def filled_in(ack, view, client):
    name = view["state"]["values"]["name"]["value"]["value"]
    if name == "nobody":
        ack(response_action="errors", errors={"name": "nobody is no name"})
        return
    ack()
    client.chat_postMessage(channel=view["private_metadata"], text=f"filled in {name}")


handler = SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], ping_interval=actions.PING_INTERVAL)
handler.connect()
actions.run_until_told()
handler.close()
