using System.Diagnostics;

namespace LoraLab.Training.Engine;

/// <summary>
/// Time in steps and in evaluations, apart, and the time that is left by both: an evaluation is a big block every so many steps,
/// so one average over both would jump.
/// </summary>
/// <param name="plan">Steps and evaluations of the run.</param>
/// <param name="trainSeconds">Seconds in steps of earlier attempts.</param>
/// <param name="evaluationSeconds">Seconds in evaluations of earlier attempts.</param>
public sealed class Pace(RunPlan plan, double trainSeconds = 0, double evaluationSeconds = 0)
{
    private const double Smoothing = 0.1;
    private readonly Stopwatch _train = new();
    private readonly Stopwatch _evaluation = new();
    private double? _step;
    private double? _evaluationEach;
    private int _evaluations;

    /// <summary>Seconds in steps so far.</summary>
    public double TrainSeconds => trainSeconds + _train.Elapsed.TotalSeconds;

    /// <summary>Seconds in evaluations so far.</summary>
    public double EvaluationSeconds => evaluationSeconds + _evaluation.Elapsed.TotalSeconds;

    /// <summary>Times a step and returns its seconds.</summary>
    public double Step(Action action)
    {
        double before = TrainSeconds;
        Run(_train, action);
        double seconds = TrainSeconds - before;
        _step = _step is double average ? average + (Smoothing * (seconds - average)) : seconds;
        return seconds;
    }

    /// <summary>Times an evaluation.</summary>
    public void Evaluation(Action action)
    {
        Run(_evaluation, action);
        _evaluationEach = _evaluation.Elapsed.TotalSeconds / ++_evaluations;
    }

    /// <summary>Seconds to the end after step n; null before the first step and evaluation.</summary>
    public double? Left(int step) => _step is double each && _evaluationEach is double evaluation
        ? ((plan.TotalSteps - step) * each) + (plan.EvaluationsAfter(step) * evaluation)
        : null;

    private static void Run(Stopwatch watch, Action action)
    {
        watch.Start();
        try
        {
            action();
        }
        finally
        {
            watch.Stop();
        }
    }
}
