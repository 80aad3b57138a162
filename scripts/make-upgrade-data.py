#!/usr/bin/env python3
"""Creates a data directory as left by a server of this version, for the upgrade tests of later versions.

    python3 scripts/make-upgrade-data.py path/to/LoraLab.Server.dll OUT.zip

The server and its trainer are real; the runs are tiny runs on the bundled sample. The directory contains
completed runs of two methods, a study and a sweep in progress, queued runs, idempotent responses, and an
fp16 run that was stopped once (SIGTERM) and then lost together with its server (SIGKILL). expected.json,
next to it, contains the same server's responses about all of this, and the results of the interrupted run
without interruption, computed in a separate data directory.
"""
import hashlib, json, os, re, signal, subprocess, sys, tempfile, time, urllib.error, urllib.request, zipfile

MICRO = {"model": "sample", "dataset": "sample", "rank": 4, "alpha": 8, "learningRate": 0.005, "trainSamples": 32,
         "effectiveBatch": 8, "evalEvery": 2, "evalSamples": 32, "lossScope": "completion", "precision": "fp32"}
INTERRUPTED = {**MICRO, "method": "lora", "precision": "fp16", "dropout": 0.1, "trainSamples": 192, "evalEvery": 4,
               "name": "interrupted in fp16", "priority": 10}
STUDY = {"name": "a study", "notes": "one of its runs is done", "seeds": [1], "selection": "selectionSplit",
         "spec": {key: MICRO[key] for key in MICRO if key not in ("model", "dataset", "learningRate")},
         "model": "sample", "dataset": "sample",
         "methods": [{"method": "lora", "grid": {"learningRate": [0.002, 0.004]}}]}
SWEEP = {"name": "a sweep", "sampler": "tpe", "runs": 3, "startupRuns": 2, "seed": 7,
         "spec": {**{key: MICRO[key] for key in MICRO if key != "learningRate"}, "method": "lora-plus", "priority": 5},
         "space": [{"field": "learningRate", "low": 0.001, "high": 0.01, "range": "logUniform"}]}
TIMING_KEYS = ("train/tokensPerSecond", "memory/usedMb")


class Server:
    def __init__(self, program, data):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("LoraLab__", "ASPNETCORE_"))}
        environment.update(ASPNETCORE_ENVIRONMENT="Production", LoraLab__DataDirectory=data)
        self.process = subprocess.Popen(["dotnet", program, "--urls", "http://127.0.0.1:0"], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, env=environment, cwd=tempfile.gettempdir())
        for line in self.process.stdout:
            if line.startswith("LoraLab dashboard: "):
                self.address = line.split(": ", 1)[1].strip()
                break
        else:
            raise SystemExit("the server did not start")
        self.until(lambda: self.status("/health/ready") == 200)

    def status(self, path):
        try:
            return urllib.request.urlopen(self.address + path).status
        except urllib.error.HTTPError as error:
            return error.code

    def send(self, method, path, body=None, key=None):
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        request = urllib.request.Request(self.address + "/api/v1" + path, method=method, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.read().decode()}")

    def get(self, path):
        return self.send("GET", path)

    def pause(self, paused):
        self.send("PATCH", "/queue", {"paused": paused})

    @staticmethod
    def until(condition, timeout=120):
        started = time.monotonic()
        while not condition():
            if time.monotonic() - started > timeout:
                raise SystemExit("timed out waiting for the server")
            time.sleep(0.02)

    def idle(self):
        self.until(lambda: not self.get("/queue")["running"])

    def ended(self, run):
        self.until(lambda: self.get(f"/runs/{run}")["state"] in ("completed", "failed", "cancelled"))

    def at_step(self, run, step):
        self.until(lambda: self.get(f"/runs/{run}")["progress"]["step"] >= step)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def kill(self, worker):
        # Both at once, like a power failure: neither may still report the death of the other.
        os.kill(worker, signal.SIGSTOP)
        self.process.kill()
        os.kill(worker, signal.SIGKILL)
        self.process.wait()


def undisturbed(program):
    """Returns the results of the interrupted run without interruption."""
    with tempfile.TemporaryDirectory() as data:
        server = Server(program, data)
        run = server.send("POST", "/runs", INTERRUPTED)["id"]
        server.ended(run)
        document = server.get(f"/runs/{run}")
        if document["state"] != "completed":
            raise SystemExit(f"the undisturbed run is {document['state']}: {document['error']}")
        series = server.get(f"/runs/{run}/metrics")["series"]
        server.stop()
        folder = os.path.join(data, "runs", run)
        steps = document["progress"]["totalSteps"]
        with open(os.path.join(folder, f"predictions/step-{steps:06d}.csv"), "rb") as predictions, \
                open(os.path.join(folder, "adapter/adapter_model.safetensors"), "rb") as adapter:
            return {
                "deviceName": document["attempts"][0]["environment"]["deviceName"],
                "totalSteps": steps,
                "series": {key: value for key, value in series.items() if key not in TIMING_KEYS},
                "predictions": predictions.read().decode(),
                "adapterSha256": hashlib.sha256(adapter.read()).hexdigest(),
            }


def disturbed(program, data):
    """Fills the data directory and returns the server's responses about it."""
    server = Server(program, data)
    answers = []

    def once(path, body, key):
        answer = server.send("POST", path, body, key)
        answers.append({"path": path, "key": key, "body": body, "id": answer["id"]})
        return answer["id"]

    first = once("/runs", {**MICRO, "method": "lora", "name": "the first", "tags": ["kept"], "notes": "completed"}, "run-key")
    second = server.send("POST", "/runs", {**MICRO, "method": "pissa"})["id"]
    server.ended(first)
    server.ended(second)
    server.pause(True)
    study = once("/studies", STUDY, "study-key")
    server.pause(False)
    server.until(lambda: any(run["state"] == "completed" for run in server.get(f"/studies/{study}")["runs"]))
    server.pause(True)
    server.idle()
    sweep = once("/sweeps", SWEEP, "sweep-key")
    server.pause(False)
    server.until(lambda: server.get(f"/sweeps/{sweep}")["counts"]["completed"] >= 1)
    server.pause(True)
    server.idle()

    interrupted = once("/runs", INTERRUPTED, "interrupted-key")
    server.pause(False)
    server.at_step(interrupted, 5)
    server.pause(True)
    once("/runs", {**MICRO, "method": "lora-xs", "name": "it waits"}, "waiting-key")
    edited = server.send("POST", "/runs", {**MICRO, "method": "lora-swapped"})["id"]
    server.send("PATCH", f"/runs/{edited}", {"name": "it was renamed", "notes": "edited", "tags": ["edited"], "priority": 1})
    server.stop()

    server = Server(program, data)
    server.pause(False)
    server.until(lambda: len(server.get(f"/runs/{interrupted}")["attempts"]) == 2)
    server.at_step(interrupted, 14)
    server.pause(True)
    expected = {
        "runs": server.get("/runs?limit=500&sort=id")["items"],
        "studies": [server.get(f"/studies/{study}")],
        "sweeps": [server.get(f"/sweeps/{sweep}")],
        "answers": answers,
        "interrupted": interrupted,
        "metrics": {run: server.get(f"/runs/{run}/metrics")["series"] for run in (first, second)},
    }
    document = server.get(f"/runs/{interrupted}")
    if document["state"] != "running":
        raise SystemExit("the run ended before it was interrupted")
    server.kill(document["attempts"][-1]["processId"])
    return expected


def main(program, out):
    reference = undisturbed(program)
    with tempfile.TemporaryDirectory() as data:
        expected = disturbed(program, data)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for folder, _, files in sorted(os.walk(data)):
                for name in sorted(files):
                    path = os.path.join(folder, name)
                    inside = os.path.relpath(path, data)
                    # Specific to the machine and recreated automatically.
                    if inside in ("reserve", "server.pid") or inside.startswith(("cache/", "keys/")):
                        continue
                    content = open(path, "rb").read()
                    if re.search(rb"(/tmp|/home|/root|/work|/Users)/", content):
                        raise SystemExit(f"{inside} contains a path of this machine")
                    archive.writestr("data/" + inside, content)
            archive.writestr("expected.json", json.dumps({"undisturbed": reference, **expected}, indent=1, ensure_ascii=False))
    print(out, os.path.getsize(out), "bytes")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2])
