using System.Globalization;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Training.Evaluation;

namespace LoraLab.Training.Training.Recording;

/// <summary>
/// Everything a run tells and leaves behind. The points and the progress of a step that follows another within a moment are gathered,
/// so that fast runs do not write an event for every step; everything else is told at once, after what was gathered.
/// </summary>
public sealed class RunRecorder(RunDirectory directory, EventLog events, RunLog log, TimeProvider clock)
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    private readonly List<int> _steps = [];
    private readonly Dictionary<string, List<double>> _values = [];
    private ProgressMade? _progress;
    private long? _lastPoints;
    private long _lastTold = clock.GetTimestamp();

    /// <summary>The run's folder.</summary>
    public RunDirectory Directory { get; } = directory;

    /// <summary>Whether what was gathered should be told.</summary>
    public bool Due => _lastPoints is not long last || clock.GetElapsedTime(last) >= Moment;

    /// <summary>A line of the log.</summary>
    public void Log(string message) => log.Write(message);

    /// <summary>The process has begun.</summary>
    public void Started() => Tell(new AttemptStarted { ProcessId = Environment.ProcessId });

    /// <summary>Training begins.</summary>
    public void Prepared(RunPrepared prepared) => Tell(prepared);

    /// <summary>A phase begins.</summary>
    public void Phase(string phase, int step, int totalSteps, double? etaSeconds = null) =>
        Tell(new ProgressMade { Phase = phase, Step = step, TotalSteps = totalSteps, EtaSeconds = etaSeconds });

    /// <summary>A phase goes on. Told only after some silence, so that whoever listens can tell slow from stuck.</summary>
    public void Moving(string phase, int step, int totalSteps, double? etaSeconds = null)
    {
        if (clock.GetElapsedTime(_lastTold) >= Silence)
        {
            Phase(phase, step, totalSteps, etaSeconds);
        }
    }

    /// <summary>A step is done: its points (every step has the same keys) and the progress.</summary>
    public void Step(int step, int totalSteps, double? etaSeconds, params ReadOnlySpan<(string Key, double Value)> points)
    {
        _steps.Add(step);
        foreach ((string key, double value) in points)
        {
            if (!_values.TryGetValue(key, out List<double>? column))
            {
                _values[key] = column = [];
            }

            column.Add(value);
        }

        _progress = new() { Phase = "training", Step = step, TotalSteps = totalSteps, EtaSeconds = etaSeconds };
    }

    /// <summary>An evaluation is done: predictions, points, event, log line.</summary>
    public void Evaluation(int step, IReadOnlyList<string> labels, EvaluationOutcome outcome)
    {
        string file = Directory.WritePredictions(step, labels, outcome.Predictions);
        Tell(new Evaluated
        {
            Step = step,
            Accuracy = outcome.Metrics.Accuracy,
            MacroF1 = outcome.Metrics.MacroF1,
            Loss = outcome.Loss,
            Correct = outcome.Metrics.Correct,
            Rows = outcome.Metrics.Rows,
            MajorityBaseline = outcome.Metrics.MajorityBaseline,
            PredictionsFile = file,
        });
        Log(string.Create(
            CultureInfo.InvariantCulture,
            $"step {step}: accuracy {outcome.Metrics.Accuracy:P2} ({outcome.Metrics.Correct}/{outcome.Metrics.Rows}), macro-F1 {outcome.Metrics.MacroF1:F4}, loss {outcome.Loss:F4}"));
    }

    /// <summary>Brings all that was told to the disk itself, so that a power cut leaves no checkpoint without the points before it.</summary>
    public void FlushToDisk()
    {
        Flush();
        events.FlushToDisk();
    }

    /// <summary>A checkpoint is on the disk.</summary>
    public void Checkpoint(int step) => Tell(new CheckpointSaved { Step = step });

    /// <summary>Memory went above the budget.</summary>
    public void OverBudget(int step, double usedMb, int budgetMb)
    {
        string sentence = string.Create(
            CultureInfo.InvariantCulture, $"Memory reached {usedMb:F0} MiB {(step == 0 ? "before the first step" : $"at step {step}")}, above the budget of {budgetMb} MiB; the run went on because the device has more.");
        Log($"warning: {sentence}");
        Tell(new BudgetExceeded { Step = step, UsedMb = usedMb, BudgetMb = budgetMb, Message = sentence });
    }

    /// <summary>The attempt is over.</summary>
    public void Ended(EndReason reason, string? error, RunSummary summary, IReadOnlyList<RunSuggestion>? suggestions = null)
    {
        Log(error ?? $"ended: {reason.ToString().ToLowerInvariant()}");
        Tell(new AttemptEnded { Reason = reason, Error = error, Suggestions = suggestions ?? [], Summary = summary });
    }

    /// <summary>Writes what was gathered.</summary>
    public void Flush()
    {
        if (_steps.Count > 0)
        {
            _lastPoints = clock.GetTimestamp();
            events.Append(new MetricsRecorded { Steps = [.. _steps], Values = _values.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray()) });
            _steps.Clear();
            _values.Clear();
        }

        if (_progress is not null)
        {
            events.Append(_progress);
            _progress = null;
        }
    }

    private void Tell(WorkerEvent happened)
    {
        Flush();
        events.Append(happened);
        _lastTold = clock.GetTimestamp();
    }
}
