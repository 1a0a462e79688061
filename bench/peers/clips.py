"""Clips a second of decord, PyAV, torchcodec, and PyAV behind webdataset, as bench/clips.ts asks: FRAMES SIZE PATHS...

A clip is FRAMES frames, every fourth, from the middle of a video, scaled to SIZE x SIZE. One thread. Prints
a line of JSON: of each reader clips and seconds. A path that ends with .tar is a shard.
"""
import io
import json
import os
import sys
import time


def middle(count, frames):
    first = max(0, (count - 4 * frames) // 2)
    return [min(count - 1, first + 4 * i) for i in range(frames)]


def by_decord(source, frames, size):
    import decord

    video = decord.VideoReader(source, width=size, height=size, num_threads=1)
    video.get_batch(middle(len(video), frames)).asnumpy()


def by_pyav(source, frames, size):
    import av

    with av.open(source) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        times = sorted(p.pts for p in container.demux(stream) if p.pts is not None)
        wanted = [times[i] for i in middle(len(times), frames)]
        container.seek(wanted[0], stream=stream)
        left = iter(sorted(set(wanted)))
        want = next(left)
        for frame in container.decode(stream):
            if frame.pts < want:
                continue
            frame.reformat(size, size, "rgb24").to_ndarray()
            want = next(left, None)
            if want is None:
                break


def by_torchcodec(source, frames, size):
    import torch
    from torchcodec.decoders import VideoDecoder

    video = VideoDecoder(source, num_ffmpeg_threads=1, seek_mode="exact")
    batch = video.get_frames_at(middle(len(video), frames)).data
    torch.nn.functional.interpolate(
        batch.float(), (size, size), mode="bilinear", antialias=True, align_corners=False
    ).round().clamp(0, 255).to(torch.uint8)


def by_pictures(sample, frames, size):
    import av

    names = sorted(name for name in sample if name.endswith((".jpg", ".png")))
    for i in middle(len(names), frames):
        with av.open(io.BytesIO(sample[names[i]])) as container:
            frame = next(container.decode(video=0))
            frame.reformat(size, size, "rgb24").to_ndarray()


def by_webdataset(tars, frames, size):
    import webdataset as wds

    clips = 0
    for sample in wds.WebDataset(tars, shardshuffle=False):
        if "mp4" in sample:
            by_pyav(io.BytesIO(sample["mp4"]), frames, size)
            clips += 1
        elif any(name.endswith((".jpg", ".png")) for name in sample):
            by_pictures(sample, frames, size)
            clips += 1
    return clips


frames, size = int(sys.argv[1]), int(sys.argv[2])
tars = [path for path in sys.argv[3:] if path.endswith(".tar")]
files = [path for path in sys.argv[3:] if not path.endswith(".tar")]
told = {}
def threads():
    import torch

    torch.set_num_threads(1)


try:
    threads()
except ImportError:
    pass
for name, read in {"decord": by_decord, "PyAV": by_pyav, "torchcodec": by_torchcodec}.items():
    begin, clips = time.perf_counter(), 0
    for path in files:
        try:
            read(path, frames, size)
            clips += 1
        except Exception as error:
            print(name, path, str(error)[:100], file=sys.stderr)
    told[name] = [clips, time.perf_counter() - begin]
shards = {}
for tar in tars:
    shards.setdefault(os.path.dirname(tar), []).append(tar)
for folder, own in shards.items():
    begin = time.perf_counter()
    clips = by_webdataset(own, frames, size)
    told[f"webdataset and PyAV, {os.path.basename(folder)}"] = [clips, time.perf_counter() - begin]
print(json.dumps(told))
