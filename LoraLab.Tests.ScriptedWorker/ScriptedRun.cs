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
/// stopped); <c>pause=STEP</c> with <c>for=MS</c> (stalls once). A word that ends in <c>@A</c> applies to attempt A only: <c>crash@1=4</c>.
/// </summary>
internal sealed class ScriptedRun
{
    private readonly string directory;
    private readonly Script script;
    private readonly RunSpec spec;
    private readonly EventWriter events;
    private readonly int steps;
    private readonly int evalRows;
    private readonly int attempt;
    private readonly string saved;
    private volatile bool stop;

    private ScriptedRun(WorkerCommand command)
    {
        directory = command.RunDirectory!;
        spec = JsonSerializer.Deserialize<RunSpec>(File.ReadAllText(Path.Combine(directory, RunFiles.Spec)), ContractJson.Options)!;
        attempt = command.Attempt;
        script = new Script(spec.Notes, attempt);
        saved = Path.Combine(directory, "scripted-checkpoint");
        steps = script.Number("steps", 10);
        evalRows = script.Number("rows", 4);
        events = new EventWriter(Path.Combine(directory, RunFiles.Attempt(command.Attempt), RunFiles.Events));
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
        new Thread(run.Listen) { IsBackground = true }.Start();
        return run.Execute();
    }

    private void Listen()
    {
        while (Console.In.ReadLine() is { } line)
        {
            stop |= JsonSerializer.Deserialize<WorkerCommand>(line, ContractJson.Options)?.Cancel == true;
        }

        stop = true;
    }

    private int Execute()
    {
        if (script.Has("mute"))
        {
            return FaultInjection.RunMute(script);
        }

        Console.Error.WriteLine($"pid {Environment.ProcessId} runs {spec.Method}");
        foreach (string name in script.Has("env") ? (string[])["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", WorkerEnvironment.Device] : [])
        {
            Console.Error.WriteLine($"{name} is {Environment.GetEnvironmentVariable(name) ?? "unset"}");
        }

        if (script.Has("say"))
        {
            Console.Error.WriteLine(spec.Name);
        }

        events.Write(new AttemptStarted { ProcessId = Environment.ProcessId });
        Thread.Sleep(script.Number("slowload"));
        int from = attempt > 1 && File.Exists(saved) ? int.Parse(File.ReadAllText(saved), CultureInfo.InvariantCulture) : 0;
        events.Write(new RunPrepared
        {
            Spec = spec with { Precision = Precision.Fp32, MicroBatch = new MicroBatch(spec.EffectiveBatch) },
            Environment = new RunEnvironment { Device = "cpu", DeviceName = "scripted", Precision = Precision.Fp32, MicroBatch = spec.EffectiveBatch, Threads = 1, MemorySource = "scripted" },
            TotalSteps = steps,
            ResumedFrom = from,
            TrainableParameters = 1024,
            TotalParameters = 4096,
            LoadSeconds = 0.25,
            Warnings = ["scripted"],
        });
        ScriptedFingerprint.Write(directory, spec, script, evalRows, ended: false);
        if (from == 0)
        {
            Evaluate(0);
        }

        for (int step = from + 1; step <= steps; step++)
        {
            if (stop && !script.Has("stubborn"))
            {
                if (script.Has("bowl"))
                {
                    Save(step - 1);
                }

                return End(EndReason.Cancelled, null);
            }

            FaultInjection.At(step, script, events);
            if (script.Number("crash") == step)
            {
                Console.Error.WriteLine("terminate called without an active exception");
                Environment.Exit(script.Number("exit", 134));
            }

            Step(step);
            if (script.Number("checkpoints") is > 0 and int every && step % every == 0)
            {
                Save(step);
            }

            if (script.Has("bowl") && step % spec.EvalEvery == 0 && step < steps)
            {
                Evaluate(step);
                Save(step);
                Linger(step);
            }
        }

        if (script.Has("fail") || spec.LearningRate >= script.Real("burst", double.PositiveInfinity))
        {
            return End(EndReason.Diverged, "The loss became NaN at step 3; lower learningRate.", Advice());
        }

        Evaluate(steps);
        WriteAdapter();
        ScriptedFingerprint.Write(directory, spec, script, evalRows, ended: true);
        return End(EndReason.Finished, null);
    }

    private void Step(int step)
    {
        Thread.Sleep(script.Number("pause") == step ? script.Number("for") : script.Number("delay", 5));
        double loss = script.Has("nan") && step == 3 ? double.NaN : script.Has("nan") && step == 4 ? double.PositiveInfinity : 2.0 / step;
        loss += script.Has("marked") ? 10 * (attempt - 1) : 0;
        MetricsRecorded metrics = new()
        {
            Steps = [step],
            Values = new Dictionary<string, double[]> { [MetricKeys.TrainLoss] = [loss], [MetricKeys.TrainGradNorm] = [1.0 / step] },
        };
        if (script.Has("halves"))
        {
            events.WriteInHalves(metrics, 300);
        }
        else
        {
            events.Write(metrics);
        }

        if (script.Has("garbage"))
        {
            events.Raw("this is not json\n{\"type\":\"unheard\",\"n\":1}\n");
            Console.WriteLine("a plain line on stdout");
            Console.WriteLine("{ not json");
        }

        events.Write(new ProgressMade { Step = step, TotalSteps = steps, EtaSeconds = (steps - step) * 0.1, Phase = "training" });
    }

    private void Linger(int step)
    {
        const int MaxWait = 10_000;
        const int Pause = 10;
        for (int waited = 0; waited < MaxWait && !stop && script.Numbers("linger").Contains(step); waited += Pause)
        {
            Thread.Sleep(Pause);
        }
    }

    private void Save(int step)
    {
        File.WriteAllText(saved, step.ToString(CultureInfo.InvariantCulture));
        events.Write(new CheckpointSaved { Step = step });
    }

    /// <summary>
    /// Returns the number of correct rows: half at the start; at the end, nine in ten at the best rate, a tenth less per order of magnitude
    /// away from it.
    /// </summary>
    private int Bowl(int step)
    {
        double end = 0.9 - (0.1 * Math.Abs(Math.Log10(spec.LearningRate ?? 1) + 3));
        return (int)Math.Round(evalRows * (0.5 + ((end - 0.5) * step / steps)));
    }

    private void Evaluate(int step)
    {
        string file = RunFiles.PredictionsAt(step);
        string path = Path.Combine(directory, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        IReadOnlySet<int> wrong = script.Has("bowl") ? Enumerable.Range(Bowl(step), evalRows).ToHashSet()
            : script.Has("wrong") && step > 0 ? script.Numbers("wrong")
            : script.Has("best") && step > 0 ? Enumerable.Range(0, (int)Math.Round(2 * Math.Abs(Math.Log2(spec.LearningRate!.Value / script.Real("best", 1))))).ToHashSet()
            : Enumerable.Range(step == 0 ? evalRows / 2 : evalRows - 1, evalRows).ToHashSet();
        int correct = Enumerable.Range(0, evalRows).Count(row => !wrong.Contains(row));
        IEnumerable<string> rows = Enumerable.Range(0, evalRows).Select(row =>
            string.Create(CultureInfo.InvariantCulture, $"{row},{row % 2},{(wrong.Contains(row) ? 1 - (row % 2) : row % 2)},{-0.5 - row},{-1.25}"));
        File.WriteAllLines(path, ["row,label,predicted,negative,positive", .. rows]);
        events.Write(new Evaluated
        {
            Step = step,
            Accuracy = correct / (double)evalRows,
            MacroF1 = correct / (double)evalRows,
            Loss = 0.7 - (0.01 * step),
            Correct = correct,
            Rows = evalRows,
            MajorityBaseline = 0.5,
            PredictionsFile = file,
        });
    }

    private void WriteAdapter()
    {
        string folder = Path.Combine(directory, RunFiles.Adapter);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), "{\"peft_type\":\"LORA\"}");
        File.WriteAllBytes(Path.Combine(folder, "adapter_model.safetensors"), [1, 2, 3, 4]);
    }

    private RunSuggestion[] Advice()
    {
        double rate = script.Real("advice", double.NaN);
        return double.IsNaN(rate) ? [] : [new(string.Create(CultureInfo.InvariantCulture, $"learningRate {rate:R}"), new() { ["learningRate"] = rate })];
    }

    private int End(EndReason reason, string? error, params RunSuggestion[] suggestions)
    {
        events.Write(new AttemptEnded
        {
            Reason = reason,
            Error = error,
            Suggestions = suggestions,
            Summary = new RunSummary { TrainTokens = 1234, TrainSeconds = 1.5, EvalSeconds = 0.5, LoadSeconds = 0.25, PeakMemoryMb = 64 },
        });
        events.Dispose();
        return reason == EndReason.Finished ? 0 : 1;
    }
}
