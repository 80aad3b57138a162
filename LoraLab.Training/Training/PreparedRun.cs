using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Evaluation;
using TorchSharp;

namespace LoraLab.Training.Training;

/// <summary>A run whose model and data are loaded and whose adapters are in place.</summary>
public sealed class PreparedRun : IDisposable
{
    /// <summary>The specification with every value as it is used.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>The method.</summary>
    public required LoraMethod Method { get; init; }

    /// <summary>Steps, windows and evaluations.</summary>
    public required RunSchedule Plan { get; init; }

    /// <summary>Machine and choices.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>The model with its adapters.</summary>
    public required LlamaModel Model { get; init; }

    /// <summary>Where it runs.</summary>
    public required torch.Device Device { get; init; }

    /// <summary>Training texts in the order in which every epoch consumes them.</summary>
    public required TrainingExample[] Train { get; init; }

    /// <summary>The data set.</summary>
    public required ClassificationDataset Data { get; init; }

    /// <summary>The rows that were chosen from it.</summary>
    public required TrainingSubset Subset { get; init; }

    /// <summary>Evaluation rows as token ids, in order.</summary>
    public required IReadOnlyList<EvaluationExample> EvaluationExamples { get; init; }

    /// <summary>Label words in label order.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Scores the evaluation rows.</summary>
    public required Evaluator Evaluator { get; init; }

    /// <summary>Peak memory of the steps.</summary>
    public required PeakMemory Memory { get; init; }

    /// <summary>How the weights came into memory.</summary>
    public required LoadReport Load { get; init; }

    /// <summary>Where its decompositions came from.</summary>
    public required SvdCache Decompositions { get; init; }

    /// <summary>Things worth knowing that do not stop the run.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Seconds to load and initialise.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>How much goes into one training pass.</summary>
    public required PassLimits Limits { get; init; }

    /// <summary>The adapters, in the model's order.</summary>
    public required IReadOnlyList<LowRankAdapter> Adapters { get; init; }

    /// <summary>Trainable parameters, counted from the live model.</summary>
    public long TrainableParameters => Adapters.SelectMany(adapter => adapter.Trainable).Sum(parameter => parameter.Value.numel());

    /// <summary>All parameters of the model, adapters included.</summary>
    public long TotalParameters => Model.Config.ParameterCount
        + Adapters.Sum(adapter => adapter.A_RI.numel() + adapter.B_OR.numel() + (adapter.R_RR?.numel() ?? 0));

    /// <summary>Sentences of step n, from 1.</summary>
    public IReadOnlyList<TrainingExample> Window(int step)
    {
        (int start, int count) = Plan.Window(step);
        return new ArraySegment<TrainingExample>(Train, start, count);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Evaluator.Dispose();
        Model.Dispose();
        Memory.Dispose();
    }
}
