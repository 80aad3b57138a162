using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Quantization;
using LoraLab.Training.Training.Optimization;
using TorchSharp;

namespace LoraLab.Training.Training;

/// <summary>A run whose model and data are loaded and whose adapters are attached.</summary>
public sealed class PreparedRun : IDisposable
{
    /// <summary>The specification with every value resolved.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>The LoRA method.</summary>
    public required LoraMethod Method { get; init; }

    /// <summary>Optimizer steps, windows and evaluations.</summary>
    public required RunSchedule Schedule { get; init; }

    /// <summary>Machine, versions and resolved settings.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>The model with its adapters.</summary>
    public required LlamaModel Model { get; init; }

    /// <summary>Device of the model.</summary>
    public required torch.Device Device { get; init; }

    /// <summary>The rows as tokens and targets.</summary>
    public required TaskData Data { get; init; }

    /// <summary>Training examples in the order of every epoch.</summary>
    public TrainingExample[] Train => Data.Train;

    /// <summary>The evaluation of the evaluation rows.</summary>
    public required TaskEvaluation Evaluation { get; init; }

    /// <summary>Peak memory of the steps.</summary>
    public required PeakMemory Memory { get; init; }

    /// <summary>Report on loading the weights.</summary>
    public required LoadReport Load { get; init; }

    /// <summary>The cache of the decompositions, with its hits.</summary>
    public required SvdCache Decompositions { get; init; }

    /// <summary>The cache of layers in four bits, with its hits; null: none was quantized.</summary>
    public QuantizedCache? Quantized { get; init; }

    /// <summary>How far a quantized residual is from the model; null: nothing was taken from a base in four bits.</summary>
    public QuantizationError? QuantizationError { get; init; }

    /// <summary>Warnings, which do not stop the run.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Seconds to load and initialize, without calibration.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>Seconds of the calibration; null: there was none.</summary>
    public double? PreparingSeconds { get; init; }

    /// <summary>The rows of the calibration; null: there was none.</summary>
    public CalibrationFingerprint? Calibration { get; init; }

    /// <summary>Layers whose calibrated factors were cached by earlier runs.</summary>
    public int CalibratedEarlier { get; init; }

    /// <summary>Whether an earlier version began the run, whose dropout masks it keeps.</summary>
    public bool EarlierDropout { get; init; }

    /// <summary>Limits of a training pass.</summary>
    public required PassLimits Limits { get; init; }

    /// <summary>The adapters in the model's order; empty if the weights are trained instead.</summary>
    public required IReadOnlyList<Adapter> Adapters { get; init; }

    /// <summary>What the optimizer changes: the trained tensors of the adapters, or all weights.</summary>
    public IEnumerable<AdapterParameter> Parameters => Model.Trained?.Parameters ?? Adapters.SelectMany(adapter => adapter.Trainable);

    /// <summary>What determines the model beside its base: all tensors of the adapters, or all weights.</summary>
    public IEnumerable<KeyValuePair<string, torch.Tensor>> Tensors => Model.Trained is TrainedWeights weights
        ? weights.Parameters.Select(parameter => new KeyValuePair<string, torch.Tensor>(parameter.Name, parameter.Value))
        : AdapterFactors.Of(Adapters);

    /// <summary>Those of <see cref="Tensors"/> that training does not change.</summary>
    public IEnumerable<KeyValuePair<string, torch.Tensor>> Frozen => AdapterFactors.FrozenOf(Adapters);

    /// <summary>Trainable parameters, counted in the model.</summary>
    public long TrainableParameters => Parameters.Sum(parameter => parameter.Value.numel());

    /// <summary>All parameters of the model, adapters included.</summary>
    public long TotalParameters => Model.Config.ParameterCount + AdapterFactors.Of(Adapters).Where(tensor =>
        !tensor.Key.EndsWith(AdapterFactor.ExtractedA.NameIn(""), StringComparison.Ordinal)
        && !tensor.Key.EndsWith(AdapterFactor.ExtractedB.NameIn(""), StringComparison.Ordinal)).Sum(tensor => tensor.Value.numel());

    /// <summary>Returns the factor of the base learning rates at step n, from 1.</summary>
    public double LearningRateFactor(int step) =>
        LearningRateSchedules.Factor(Spec.Schedule, step, Spec.WarmupSteps, Spec.ScheduleSteps ?? Schedule.FullSteps);

    /// <summary>Returns the examples of step n, from 1.</summary>
    public IReadOnlyList<TrainingExample> Window(int step)
    {
        (int start, int count) = Schedule.Window(step);
        return new ArraySegment<TrainingExample>(Train, start, count);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Evaluation.Dispose();
        Model.Dispose();
    }
}
