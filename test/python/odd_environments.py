"""Environments of Gymnasium with unusual spaces, registered as odd/NAME-v0. Each checks the actions that it is given."""

import gymnasium
import numpy
from gymnasium import spaces


class Odd(gymnasium.Env):
    """Its class takes no render_mode. The reward counts the steps."""

    observation_space = spaces.Box(-9, 9, (2,), numpy.float32)
    action_space = spaces.Discrete(2)

    def seen(self):
        return numpy.array([self.count, -1], numpy.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return self.seen(), {}

    def step(self, action):
        assert self.action_space.contains(action), f"{action!r} is not in {self.action_space}"
        self.taken = action
        self.count += 1
        return self.seen(), float(self.count), self.count >= 6, False, {}


class Start(Odd):
    action_space = spaces.Discrete(3, start=-1)

    def seen(self):
        return numpy.array([getattr(self, "taken", 0), 0], numpy.float32)


class MultiDiscrete(Odd):
    action_space = spaces.MultiDiscrete([2, 3])

    def seen(self):
        return numpy.asarray(getattr(self, "taken", [0, 0]), numpy.float32)


class MultiBinary(Odd):
    action_space = spaces.MultiBinary(2)
    seen = MultiDiscrete.seen


class WholeNumbers(Odd):
    action_space = spaces.Box(2, 4, (2,), numpy.int64)
    seen = MultiDiscrete.seen


class Tuple(Odd):
    action_space = spaces.Tuple((spaces.Discrete(2, start=5), spaces.MultiBinary(1)))

    def seen(self):
        first, second = getattr(self, "taken", (0, [0]))
        return numpy.array([first, second[0]], numpy.float32)


class ManyChoices(Odd):
    action_space = spaces.MultiDiscrete([7, 9])
    seen = MultiDiscrete.seen


class DictActions(Odd):
    action_space = spaces.Dict(grip=spaces.Discrete(3), move=spaces.Box(-1, 1, (1,), numpy.float32))

    def seen(self):
        taken = getattr(self, "taken", None)
        return numpy.array([taken["grip"], taken["move"][0]] if taken else [0, 0], numpy.float32)


class Cameras(Odd):
    observation_space = spaces.Dict(
        left=spaces.Box(0, 255, (3, 8, 9), numpy.uint8),
        right=spaces.Box(0, 255, (8, 9), numpy.uint8),
        arm=spaces.Tuple((spaces.Discrete(2), spaces.Dict(speed=spaces.Box(0, 1, (1,), numpy.float64)))),
        mission=spaces.Text(5),
    )

    def seen(self):
        return {
            "left": numpy.arange(216, dtype=numpy.uint8).reshape(3, 8, 9),
            "right": numpy.full((8, 9), 250 + self.count, numpy.uint8),
            "arm": (1, {"speed": numpy.array([0.25])}),
            "mission": "go",
        }


class ChannelsFirst(Odd):
    observation_space = spaces.Box(0, 255, (3, 16, 16), numpy.uint8)

    def seen(self):
        return numpy.arange(768).reshape(3, 16, 16).astype(numpy.uint8)


class Stack(ChannelsFirst):
    observation_space = spaces.Box(0, 255, (4, 16, 16), numpy.uint8)

    def seen(self):
        return numpy.stack([numpy.full((16, 16), frame, numpy.uint8) for frame in range(4)])


class FloatImage(Odd):
    observation_space = spaces.Box(0, 1, (8, 8, 3), numpy.float32)

    def seen(self):
        return numpy.zeros((8, 8, 3), numpy.float32)


class WrongShape(Odd):
    def seen(self):
        return numpy.zeros(5)


class WrongBytes(ChannelsFirst):
    def seen(self):
        return numpy.full((3, 16, 16), 0.5)


class MissingPart(Cameras):
    def seen(self):
        return {name: part for name, part in super().seen().items() if name != "arm" or self.count < 2}


class WrongChoice(Odd):
    observation_space = spaces.MultiDiscrete([2, 2])

    def seen(self):
        return numpy.array([0, 2])


class Unbounded(Odd):
    action_space = spaces.Box(-numpy.inf, numpy.inf, (2,), numpy.float32)


class TextActions(Odd):
    action_space = spaces.Text(5)


class TwoSizes(Odd):
    observation_space = spaces.Dict(
        a=spaces.Box(0, 255, (8, 8, 3), numpy.uint8), b=spaces.Box(0, 255, (16, 16, 3), numpy.uint8)
    )


for _class in [each for each in globals().values() if isinstance(each, type) and issubclass(each, Odd)]:
    gymnasium.register(f"odd/{_class.__name__}-v0", entry_point=_class)
