// Description:
//   What the benchmark's Hubot answers.
export default (robot) => {
  robot.hear(/^!echo (.+)/s, (res) => res.send(res.match[1]));
};
