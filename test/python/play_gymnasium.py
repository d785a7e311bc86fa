"""Plays episodes [{seed, actions}] of an environment and prints what Gymnasium gave, with observations as float32."""

import json
import sys

import gymnasium
import numpy

environment = gymnasium.make(sys.argv[1])
played = []
for episode in json.loads(sys.argv[2]):
    observation, _ = environment.reset(seed=episode["seed"])
    observations, rewards, ends = [observation], [], []
    for action in episode["actions"]:
        if isinstance(action, list):
            action = numpy.array(action, environment.action_space.dtype)
        observation, reward, terminated, truncated, _ = environment.step(action)
        observations.append(observation)
        rewards.append(float(reward))
        ends.append([bool(terminated), bool(truncated)])
    numbers = [numpy.asarray(each, "f4").astype("f8").tolist() for each in observations]
    played.append({"observations": numbers, "rewards": rewards, "ends": ends})
print(json.dumps(played))
