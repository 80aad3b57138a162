using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>
/// The verb <c>worker</c>. Words: <c>steps=N</c>; <c>delay=MS</c> per step; <c>crash=STEP</c>, with <c>exit=CODE</c>; <c>env</c> (logs the
/// GPU environment variables); <c>stubborn</c> (ignores cancellation and the end of stdin); <c>garbage</c>; <c>halves</c>; <c>nan</c>;
/// <c>fail</c> (with <c>advice=RATE</c>, suggests that learning rate); <c>slowload=MS</c>; <c>say</c> (logs the run's name); <c>rows=N</c>
/// evaluation rows; <c>wrong=0,4-7</c> (rows that evaluations after training predict incorrectly); <c>best=RATE</c> (more errors the
/// further the learning rate is from this one); <c>burst=RATE</c> (diverges from this learning rate on); the words of <see
/// cref="ScriptedFingerprint"/> and <see cref="FaultInjection"/>; <c>checkpoints=N</c> (saves a checkpoint every N steps, from which a
/// later attempt resumes); <c>marked</c> (adds 10 to the losses per earlier attempt, which identifies the attempt); <c>bowl</c> (evaluates
/// every <c>evalEvery</c> steps and saves a checkpoint there and when stopped, like the real trainer, with more correct <c>rows</c> the
/// closer the learning rate is to 1e-3 and the more steps were done); <c>linger=20,50</c> (waits at these steps up to ten seconds to be
/// stopped); <c>loss=NUMBER</c> (evaluation loss before the first step);
/// <c>pause=STEP</c> with <c>for=MS</c> (stalls once). A word that ends in <c>@A</c> applies to attempt A only: <c>crash@1=4</c>.
/// </summary>
internal sealed class ScriptedRun
{
    private readonly string _directory;
    private readonly Script _script;
    private readonly RunSpec _spec;
    private readonly ScriptedData _data;
    private readonly EventWriter _events;
    private readonly int _steps;
    private readonly int _evalRows;
    private readonly int _attempt;
    private readonly string _saved;
    private volatile bool _stop;
    private long _until;

    private ScriptedRun(WorkerCommand command)
    {
        _directory = command.RunDirectory!;
        _spec = JsonSerializer.Deserialize<RunSpec>(File.ReadAllText(Path.Combine(_directory, RunFiles.Spec)), ContractJson.Options)!;
        _data = ScriptedData.Of(_spec.Dataset);
        _attempt = command.Attempt;
        _script = new Script(_spec.Notes, _attempt);
        _saved = Path.Combine(_directory, "scripted-checkpoint");
        _steps = _script.Number("steps", 10);
        _evalRows = _script.Number("rows", 4);
        _events = new EventWriter(Path.Combine(_directory, RunFiles.Attempt(command.Attempt), RunFiles.Events));
    }

    public static int Serve()
    {
        IdleLife.Begin();
        string? line = Console.In.ReadLine();
        IdleLife.End();
        if (line is null)
        {
            return 0;
        }

        WorkerCommand command = JsonSerializer.Deserialize<WorkerCommand>(line, ContractJson.Options)!;
        if (command.RunDirectory is null)
        {
            return 2;
        }

        ScriptedRun run = new(command);
        run.Extend(command.Until);
        new Thread(run.Listen) { IsBackground = true }.Start();
        return run.Execute();
    }

    private void Listen()
    {
        while (Console.In.ReadLine() is { } line)
        {
            WorkerCommand? command = JsonSerializer.Deserialize<WorkerCommand>(line, ContractJson.Options);
            _stop |= command?.Cancel == true;
            Extend(command?.Until);
        }

        _stop = true;
    }

    private void Extend(long? until)
    {
        if (until is not long deadline || Interlocked.Exchange(ref _until, deadline) != 0)
        {
            return;
        }

        new Thread(() =>
        {
            while (MonotonicClock.Now < Interlocked.Read(ref _until))
            {
                Thread.Sleep(20);
            }

            Process.GetCurrentProcess().Kill();
        })
        { IsBackground = true }.Start();
    }

    private int Execute()
    {
        if (_script.Has("mute"))
        {
            return FaultInjection.RunMute(_script);
        }

        Console.Error.WriteLine($"pid {Environment.ProcessId} runs {_spec.Method}");
        foreach (string name in _script.Has("env") ? (string[])["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", WorkerEnvironment.Device] : [])
        {
            Console.Error.WriteLine($"{name} is {Environment.GetEnvironmentVariable(name) ?? "unset"}");
        }

        if (_script.Has("say"))
        {
            Console.Error.WriteLine(_spec.Name);
        }

        _events.Write(new AttemptStarted { ProcessId = Environment.ProcessId });
        Thread.Sleep(_script.Number("slowload"));
        int from = _attempt > 1 && File.Exists(_saved) ? int.Parse(File.ReadAllText(_saved), CultureInfo.InvariantCulture) : 0;
        _events.Write(new RunPrepared
        {
            Task = _data.Task,
            Spec = _spec with { Precision = Precision.Fp32, MicroBatch = new MicroBatch(_spec.EffectiveBatch) },
            Environment = new RunEnvironment
            {
                Device = "cpu",
                DeviceName = "scripted",
                Precision = Precision.Fp32,
                MicroBatch = _spec.EffectiveBatch,
                Threads = 1,
                MemorySource = "scripted",
            },
            TotalSteps = _steps,
            ResumedFrom = from,
            TrainableParameters = 1024,
            TotalParameters = 4096,
            LoadSeconds = 0.25,
            Warnings = ["scripted"],
        });
        ScriptedFingerprint.Write(_directory, _spec, _script, _evalRows, ended: false);
        _data.WriteRows(_directory, _evalRows);
        if (from == 0)
        {
            Evaluate(0);
        }

        for (int step = from + 1; step <= _steps; step++)
        {
            if (_stop && !_script.Has("stubborn"))
            {
                if (_script.Has("bowl"))
                {
                    Save(step - 1);
                }

                return End(EndReason.Cancelled, null);
            }

            FaultInjection.At(step, _script, _events);
            if (_script.Number("crash") == step)
            {
                Console.Error.WriteLine("terminate called without an active exception");
                Environment.Exit(_script.Number("exit", 134));
            }

            Step(step);
            if (_script.Number("early") == step)
            {
                return Complete(step, EndReason.EarlyStopped);
            }

            if (_script.Number("checkpoints") is > 0 and int every && step % every == 0)
            {
                Save(step);
            }

            if (_script.Has("bowl") && step % _spec.EvalEvery == 0 && step < _steps)
            {
                Evaluate(step);
                Save(step);
                Linger(step);
            }
        }

        if (_script.Has("fail") || _spec.LearningRate >= _script.Real("burst", double.PositiveInfinity))
        {
            return End(EndReason.Diverged, "The loss became NaN at step 3; lower learningRate.", Advice());
        }

        return Complete(_steps, EndReason.Finished);
    }

    private int Complete(int step, EndReason reason)
    {
        Evaluate(step);
        WriteAdapter();
        ScriptedFingerprint.Write(_directory, _spec, _script, _evalRows, ended: true);
        return End(reason, null);
    }

    private void Step(int step)
    {
        Thread.Sleep(_script.Number("pause") == step ? _script.Number("for") : _script.Number("delay", 5));
        double loss = _script.Has("nan") && step == 3 ? double.NaN : _script.Has("nan") && step == 4 ? double.PositiveInfinity : 2.0 / step;
        loss += _script.Has("marked") ? 10 * (_attempt - 1) : 0;
        MetricsRecorded metrics = new()
        {
            Steps = [step],
            Values = new Dictionary<string, double[]> { [MetricKeys.TrainLoss] = [loss], [MetricKeys.TrainGradNorm] = [1.0 / step] },
        };
        if (_script.Has("halves"))
        {
            _events.WriteInHalves(metrics, 300);
        }
        else
        {
            _events.Write(metrics);
        }

        if (_script.Has("garbage"))
        {
            _events.Raw("this is not json\n{\"type\":\"unheard\",\"n\":1}\n");
            Console.WriteLine("a plain line on stdout");
            Console.WriteLine("{ not json");
        }

        _events.Write(new ProgressMade { Step = step, TotalSteps = _steps, EtaSeconds = (_steps - step) * 0.1, Phase = "training" });
    }

    private void Linger(int step)
    {
        const int MaxWait = 10_000;
        const int Pause = 10;
        for (int waited = 0; waited < MaxWait && !_stop && _script.Numbers("linger").Contains(step); waited += Pause)
        {
            Thread.Sleep(Pause);
        }
    }

    private void Save(int step)
    {
        File.WriteAllText(_saved, step.ToString(CultureInfo.InvariantCulture));
        _events.Write(new CheckpointSaved { Step = step });
    }

    /// <summary>
    /// Returns the number of correct rows: half at the start; at the end, nine in ten at the best rate, a tenth less per order of magnitude
    /// away from it.
    /// </summary>
    private int Bowl(int step)
    {
        double end = 0.9 - (0.1 * Math.Abs(Math.Log10(_spec.LearningRate ?? 1) + 3));
        return (int)Math.Round(_evalRows * (0.5 + ((end - 0.5) * step / _steps)));
    }

    private void Evaluate(int step)
    {
        string file = RunFiles.PredictionsAt(step);
        string path = Path.Combine(_directory, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        IReadOnlySet<int> wrong = _script.Has("bowl") ? Enumerable.Range(Bowl(step), _evalRows).ToHashSet()
            : _script.Has("wrong") && step > 0 ? _script.Numbers("wrong")
            : _script.Has("best") && step > 0 ? Enumerable.Range(
                0, (int)Math.Round(2 * Math.Abs(Math.Log2(_spec.LearningRate!.Value / _script.Real("best", 1))))).ToHashSet()
            : Enumerable.Range(step == 0 ? _evalRows / 2 : _evalRows - 1, _evalRows).ToHashSet();
        int correct = Enumerable.Range(0, _evalRows).Count(row => !wrong.Contains(row));
        IEnumerable<string> rows = Enumerable.Range(0, _evalRows).Select(row =>
            string.Create(
                CultureInfo.InvariantCulture, $"{row},{row % 2},{(wrong.Contains(row) ? 1 - (row % 2) : row % 2)},{-0.5 - row},{-1.25}"));
        bool generates = _spec.GenerateSamples > 0;
        double loss = _script.Real("loss", 0.7) - (0.01 * step);
        File.WriteAllText(path, _data.Name == "sample"
            ? string.Concat(rows.Prepend("row,label,predicted,negative,positive").Select(line => line + Environment.NewLine))
            : _data.Predictions(_evalRows, wrong, loss, generates));
        Dictionary<string, double> metrics = _data.Metrics(_evalRows, correct, loss, generates);
        if (_script.Text("metric", "") is { Length: > 0 } metric)
        {
            // What the Matthews correlation is where both labels are equally often true, and equally often wrong.
            metrics.TryAdd(metric, (2.0 * correct / _evalRows) - 1);
        }

        _events.Write(new Evaluated
        {
            Step = step,
            Metrics = metrics,
            Correct = _data.IsCompletion ? 0 : correct,
            Rows = _evalRows,
            MajorityBaseline = _data.IsCompletion ? 0 : 1.0 / Math.Min(_data.Labels.Count, 2),
            PredictionsFile = file,
        });
    }

    private void WriteAdapter()
    {
        string folder = Path.Combine(_directory, RunFiles.Adapter);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), "{\"peft_type\":\"LORA\"}");
        File.WriteAllBytes(Path.Combine(folder, "adapter_model.safetensors"), [1, 2, 3, 4]);
    }

    private RunSuggestion[] Advice()
    {
        double rate = _script.Real("advice", double.NaN);
        return double.IsNaN(rate)
            ? []
            : [new(string.Create(CultureInfo.InvariantCulture, $"learningRate {rate:R}"), new() { ["learningRate"] = rate })];
    }

    private int End(EndReason reason, string? error, params RunSuggestion[] suggestions)
    {
        _events.Write(new AttemptEnded
        {
            Reason = reason,
            Error = error,
            Suggestions = suggestions,
            Summary = new RunSummary { TrainTokens = 1234, TrainSeconds = 1.5, EvalSeconds = 0.5, LoadSeconds = 0.25, PeakMemoryMb = 64 },
        });
        _events.Dispose();
        return reason is EndReason.Finished or EndReason.EarlyStopped ? 0 : 1;
    }
}
