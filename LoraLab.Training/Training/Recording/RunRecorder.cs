using System.Diagnostics;
using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Tasks;

namespace LoraLab.Training.Training.Recording;

/// <summary>
/// Records the events, log lines and predictions of an attempt. Metrics and progress of steps in quick succession are buffered, so that
/// fast runs do not write an event per step; any other event flushes the buffer and is written at once.
/// </summary>
public sealed class RunRecorder(RunDirectory directory, EventLog events, RunLog log, TimeProvider clock)
{
    private static readonly TimeSpan _flushInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan _heartbeatInterval = TimeSpan.FromSeconds(5);
    private readonly List<int> _steps = [];
    private readonly Dictionary<string, List<double>> _values = [];
    private ProgressMade? _progress;
    private long? _lastFlush;
    private long _lastEvent = clock.GetTimestamp();

    /// <summary>The run's folder.</summary>
    public RunDirectory Directory { get; } = directory;

    /// <summary>Whether buffered metrics should be flushed.</summary>
    public bool IsFlushDue => _lastFlush is not long last || clock.GetElapsedTime(last) >= _flushInterval;

    /// <summary>Writes a line to the log.</summary>
    public void Log(string message) => log.Write(message);

    /// <summary>Records the start of the attempt.</summary>
    public void Started()
    {
        using Process self = Process.GetCurrentProcess();
        Append(new AttemptStarted { ProcessId = self.Id, ProcessStartedAt = self.StartTime.ToUniversalTime() });
    }

    /// <summary>Records that the run is prepared for its first step.</summary>
    public void Prepared(RunPrepared prepared) => Append(prepared);

    /// <summary>Records the start of a phase.</summary>
    public void Phase(string phase, int step, int totalSteps, double? etaSeconds = null) =>
        Append(new ProgressMade { Phase = phase, Step = step, TotalSteps = totalSteps, EtaSeconds = etaSeconds });

    /// <summary>Records progress in a phase if no event was written for a while, so that the server can tell slow from stuck.</summary>
    public void Heartbeat(string phase, int step, int totalSteps, double? etaSeconds = null)
    {
        if (clock.GetElapsedTime(_lastEvent) >= _heartbeatInterval)
        {
            Phase(phase, step, totalSteps, etaSeconds);
        }
    }

    /// <summary>Buffers the metrics of a step (with the same keys for every step) and the progress.</summary>
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

    /// <summary>Records an evaluation: predictions, event and log line. Returns the event.</summary>
    public Evaluated Evaluation(int step, EvaluationOutcome outcome)
    {
        Evaluated evaluated = new()
        {
            Step = step,
            Metrics = outcome.Metrics,
            Correct = outcome.Correct ?? 0,
            Rows = outcome.Rows,
            MajorityBaseline = outcome.MajorityBaseline,
            PredictionsFile = Directory.WritePredictions(step, outcome.Predictions),
        };
        Append(evaluated);
        IEnumerable<string> metrics = evaluated.Metrics.Select(value =>
        {
            MetricDescriptor metric = MetricCatalog.Default.Of(value.Key);
            string rows = metric.Key == MetricKeys.EvalAccuracy ? $" ({evaluated.Correct}/{evaluated.Rows})" : "";
            return $"{metric.Name} {metric.Text(value.Value)}{rows}";
        });
        Log(string.Create(CultureInfo.InvariantCulture, $"step {step}: {string.Join(", ", metrics)}"));
        return evaluated;
    }

    /// <summary>
    /// Flushes the events written before to disk, so that no checkpoint survives a power failure without the metrics before it. On any
    /// thread.
    /// </summary>
    public void FlushToDisk() => events.FlushToDisk();

    /// <summary>Records that a checkpoint is on disk.</summary>
    public void Checkpoint(int step) => Append(new CheckpointSaved { Step = step });

    /// <summary>Records that the run exceeded its memory budget.</summary>
    public void OverBudget(int step, double usedMb, int budgetMb)
    {
        string position = step == 0 ? "before the first step" : string.Create(CultureInfo.InvariantCulture, $"at step {step}");
        string message =
            $"Memory reached {NumberFormat.Mebibytes(usedMb)} {position}, above the budget of {NumberFormat.Mebibytes(budgetMb)}; "
                + "the run continued because the device has more memory.";
        Log($"warning: {message}");
        Append(new BudgetExceeded { Step = step, UsedMb = usedMb, BudgetMb = budgetMb, Message = message });
    }

    /// <summary>Records what went otherwise than asked, as a warning of the run.</summary>
    public void Warn(string message)
    {
        Log($"warning: {message}");
        Append(new WarningRaised { Message = message });
    }

    /// <summary>Records the end of the attempt.</summary>
    public void Ended(EndReason reason, string? error, RunSummary summary, IReadOnlyList<RunSuggestion>? suggestions = null)
    {
        Log(error ?? $"ended: {reason.ToString().ToLowerInvariant()}");
        Append(new AttemptEnded { Reason = reason, Error = error, Suggestions = suggestions ?? [], Summary = summary });
    }

    /// <summary>Writes the buffered metrics and progress.</summary>
    public void Flush()
    {
        if (_steps.Count > 0)
        {
            _lastFlush = clock.GetTimestamp();
            events.Append(
                new MetricsRecorded { Steps = [.. _steps], Values = _values.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray()) });
            _steps.Clear();
            _values.Clear();
        }

        if (_progress is not null)
        {
            events.Append(_progress);
            _progress = null;
        }
    }

    private void Append(WorkerEvent workerEvent)
    {
        Flush();
        events.Append(workerEvent);
        _lastEvent = clock.GetTimestamp();
    }
}
