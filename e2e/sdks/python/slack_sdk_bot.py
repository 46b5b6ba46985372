"""The bot with slack_sdk's own Socket Mode client."""

import os

from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.webhook import WebhookClient

import actions

client = actions.web_client(os.environ)
me = client.auth_test()["user_id"]
socket = SocketModeClient(
    app_token=os.environ["SLACK_APP_TOKEN"], web_client=client, ping_interval=actions.PING_INTERVAL
)


def on_event(event):
    if event["type"] == "app_mention":
        actions.say(client, event, f"mentioned in {event['channel']}")
    elif event["type"] == "message" and "subtype" not in event and event.get("user") != me:
        actions.answer(client, event)
    elif event["type"] == "app_home_opened":
        client.views_publish(user_id=event["user"], view=actions.home(event["user"]))


def on_click(click):
    channel = click["channel"]["id"]
    action = click["actions"][0]
    if action["action_id"] == "form":
        client.views_open(trigger_id=click["trigger_id"], view=actions.modal(channel))
    else:
        client.chat_postMessage(channel=channel, text=f"clicked {action['value']}")


def on_submission(envelope_id, view):
    name = view["state"]["values"]["name"]["value"]["value"]
    if name == "nobody":
        answer = {"response_action": "errors", "errors": {"name": "nobody is no name"}}
        socket.send_socket_mode_response(SocketModeResponse(envelope_id, answer))
        return
    socket.send_socket_mode_response(SocketModeResponse(envelope_id))
    client.chat_postMessage(channel=view["private_metadata"], text=f"filled in {name}")


def on_request(socket, request):
    if request.type == "slash_commands":
        text = request.payload["text"]
        answer = SocketModeResponse(request.envelope_id, {"text": f"acknowledged {text}"})
        socket.send_socket_mode_response(answer)
        WebhookClient(request.payload["response_url"]).send(text=f"responded {text}", response_type="in_channel")
        return
    if request.type == "interactive" and request.payload["type"] == "view_submission":
        on_submission(request.envelope_id, request.payload["view"])
        return
    socket.send_socket_mode_response(SocketModeResponse(request.envelope_id))
    if request.type == "events_api":
        on_event(request.payload["event"])
    elif request.type == "interactive":
        on_click(request.payload)


socket.socket_mode_request_listeners.append(on_request)
socket.connect()
actions.run_until_told()
socket.close()
