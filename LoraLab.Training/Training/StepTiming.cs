using LoraLab.Training.Specs;

namespace LoraLab.Training.Training;

/// <summary>
/// Measures the time of steps and of evaluations separately and estimates the time left from both: evaluations are long and rare,
/// so a single average would jump.
/// </summary>
/// <param name="schedule">Steps and evaluations of the run.</param>
/// <param name="trainSeconds">Seconds in steps of earlier attempts.</param>
/// <param name="evaluationSeconds">Seconds in evaluations of earlier attempts.</param>
public sealed class StepTiming(RunSchedule schedule, double trainSeconds = 0, double evaluationSeconds = 0)
{
    private const double Smoothing = 0.1;
    private double? _secondsPerStep;
    private double _attemptEvaluationSeconds;
    private int _evaluations;

    /// <summary>Seconds in steps so far.</summary>
    public double TrainSeconds { get; private set; } = trainSeconds;

    /// <summary>Seconds in evaluations so far.</summary>
    public double EvaluationSeconds => evaluationSeconds + _attemptEvaluationSeconds;

    /// <summary>Adds the duration of a step, until the device had done it.</summary>
    public void AddStep(double seconds)
    {
        TrainSeconds += seconds;
        _secondsPerStep = _secondsPerStep is double average ? average + (Smoothing * (seconds - average)) : seconds;
    }

    /// <summary>Adds the duration of an evaluation.</summary>
    public void AddEvaluation(double seconds)
    {
        _attemptEvaluationSeconds += seconds;
        _evaluations++;
    }

    /// <summary>Estimates the seconds left after step n; null before the first step and evaluation.</summary>
    public double? SecondsLeft(int step) => _secondsPerStep is double perStep && _evaluations > 0
        ? ((schedule.TotalSteps - step) * perStep) + (schedule.EvaluationsAfter(step) * _attemptEvaluationSeconds / _evaluations)
        : null;
}
