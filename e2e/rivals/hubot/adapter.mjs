// Hubot's Slack adapter, aimed at SLACK_API_URL: it has an option for the address of its socket's client, but none for
// that of its Web API client, which is made anew as the adapter makes it.
import slack from '@hubot-friends/hubot-slack';
import { WebClient } from '@slack/web-api';

const slackApiUrl = `${process.env.SLACK_API_URL.replace(/\/$/, '')}/`;
process.env.HUBOT_SLACK_BOT_TOKEN = process.env.SLACK_BOT_TOKEN;
process.env.HUBOT_SLACK_APP_TOKEN = process.env.SLACK_APP_TOKEN;
process.env.HUBOT_SLACK_SOCKET_MODE_OPTS = JSON.stringify({ logLevel: 'error', clientOptions: { slackApiUrl } });

export default {
  use(robot) {
    const adapter = slack.use(robot);
    const options = { slackApiUrl, maxRequestConcurrency: 1, logLevel: 'error' };
    adapter.client.web = new WebClient(process.env.SLACK_BOT_TOKEN, options);
    return adapter;
  },
};
