using LoraLab.Training.Specs;

namespace LoraLab.Training.Training;

/// <summary>
/// Time in steps and in evaluations, apart, and the time that is left by both: an evaluation is a big block every so many steps,
/// so one average over both would jump.
/// </summary>
/// <param name="plan">Steps and evaluations of the run.</param>
/// <param name="trainSeconds">Seconds in steps of earlier attempts.</param>
/// <param name="evaluationSeconds">Seconds in evaluations of earlier attempts.</param>
public sealed class StepTiming(RunSchedule plan, double trainSeconds = 0, double evaluationSeconds = 0)
{
    private const double Smoothing = 0.1;
    private double? _step;
    private double _evaluationHere;
    private int _evaluations;

    /// <summary>Seconds in steps so far.</summary>
    public double TrainSeconds { get; private set; } = trainSeconds;

    /// <summary>Seconds in evaluations so far.</summary>
    public double EvaluationSeconds => evaluationSeconds + _evaluationHere;

    /// <summary>A step took so long.</summary>
    public void Step(double seconds)
    {
        TrainSeconds += seconds;
        _step = _step is double average ? average + (Smoothing * (seconds - average)) : seconds;
    }

    /// <summary>An evaluation took so long.</summary>
    public void Evaluation(double seconds)
    {
        _evaluationHere += seconds;
        _evaluations++;
    }

    /// <summary>Seconds to the end after step n; null before the first step and evaluation.</summary>
    public double? Left(int step) => _step is double each && _evaluations > 0
        ? ((plan.TotalSteps - step) * each) + (plan.EvaluationsAfter(step) * _evaluationHere / _evaluations)
        : null;
}
