"""Reads frames with decord, PyAV or torchcodec as bench/decode.ts asks: one line of JSON in, one out.

Lines: {"peer", "path", "indices", "repeat"}. Answers seconds of wall and of processor time for opening
the file and for reading the frames (RGB, full size, one thread), and the resident memory after.
"""
import json, os, sys, time


def decord_open(path):
    import decord
    return decord.VideoReader(path, num_threads=1)


def torchcodec_open(path):
    from torchcodec.decoders import VideoDecoder
    return VideoDecoder(path, num_ffmpeg_threads=1, seek_mode="exact")


class PyAv:
    """PyAV has no index: the frames' times are those of its packets, and it seeks to key frames."""

    def __init__(self, path):
        import av
        self.container = av.open(path)
        self.stream = self.container.streams.video[0]
        self.stream.thread_type = "NONE"
        self.times = sorted(p.pts for p in self.container.demux(self.stream) if p.pts is not None)

    def read(self, indices):
        at = None
        for i in indices:
            want = self.times[i]
            if at is None or want - at > 300 * (self.times[1] - self.times[0]):
                self.container.seek(want, stream=self.stream)
                frames = self.container.decode(self.stream)
            for frame in frames:
                at = frame.pts
                if at >= want:
                    frame.to_ndarray(format="rgb24")
                    break


OPEN = {"decord": decord_open, "torchcodec": torchcodec_open, "pyav": PyAv}
READ = {
    "decord": lambda video, indices: video.get_batch(indices).asnumpy(),
    "torchcodec": lambda video, indices: video.get_frames_at(indices),
    "pyav": lambda video, indices: video.read(indices),
}


def clock():
    t = os.times()
    return time.perf_counter(), t.user + t.system


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


for line in sys.stdin:
    ask = json.loads(line)
    begin = clock()
    for _ in range(ask["repeat"]):
        video = OPEN[ask["peer"]](ask["path"])
    opened = clock()
    if ask["indices"]:
        READ[ask["peer"]](video, ask["indices"])
    end = clock()
    del video
    answer = {
        "open": [b - a for a, b in zip(begin, opened)],
        "read": [b - a for a, b in zip(opened, end)],
        "resident": resident(),
    }
    print(json.dumps(answer), flush=True)
