// The benchmark's echo bot with Bolt for JavaScript.
const { App, LogLevel } = require('@slack/bolt');

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: `${process.env.SLACK_API_URL.replace(/\/$/, '')}/` },
});

app.message(/^!echo ([\s\S]+)/, async ({ context, say }) => {
  await say(context.matches[1]);
});

app.start();
