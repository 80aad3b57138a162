using LoraLab.Contracts.Runs;
using LoraLab.Training.Catalog;
using LoraLab.Training.Checkpoints;
using LoraLab.Training.Evaluation;
using LoraLab.Training.Packing;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Training.Engine;

/// <summary>The memory of a run from its specification: its own windows, packed as training would, on this machine's device.</summary>
/// <param name="models">Models by name.</param>
/// <param name="datasets">Data sets by name.</param>
/// <param name="configuredBudgetMb">Budget where the specification names none, MiB; null: none.</param>
public sealed class RunMemory(ModelCatalog models, DatasetCatalog datasets, int? configuredBudgetMb)
{
    /// <summary>The estimate of a specification that has passed validation, with advice where it is over its budget.</summary>
    /// <exception cref="Errors.RunFailure">Model, data or device cannot be used.</exception>
    public MemoryEstimate Estimate(RunSpec spec)
    {
        torch.Device device = DeviceChoice.Resolve(spec.Device);
        RunData data = RunData.Read(spec, models, datasets);
        Precision precision = PrecisionRule.Resolve(spec.Precision, device, data.Config.ParameterCount);
        spec = spec with { Precision = PrecisionRule.Resolve(spec.Precision, device, data.Config.ParameterCount) };
        MemoryRequest request = Request(spec, data, device, 0);
        // Last: reading and packing leave behind here what they leave behind in a run.
        double process = Math.Max(0, ProcessMemory.Measure(device, spec.Precision));
        MemoryEstimate estimate = MemoryEstimator.Of(request with { ProcessBytes = process }) with { Device = DeviceChoice.NameOf(device) };
        return estimate.Fits ? estimate : estimate with { Advice = MemoryAdvice.For(spec, other => Request(other, data, device, process)) };
    }

    private MemoryRequest Request(RunSpec spec, RunData data, torch.Device device, double processBytes)
    {
        bool gpu = device.type == DeviceType.CUDA;
        PassLimits limits = PackingRule.Resolve(spec, data.Config, data.LongestText, gpu, RunPreparation.MemoryBytes(device, spec));
        using TrainingPasses passes = new(RunPlan.From(spec, data.Train.Length), data.Train, limits, spec.LossWeighting, data.Config.VocabularySize, torch.CPU);
        using Evaluator evaluator = new(data.Evaluation, data.Config, torch.CPU);
        return new()
        {
            Config = data.Config,
            Spec = spec with { MicroBatch = new MicroBatch(limits.Sentences), PackTokens = limits.Tokens },
            Adapters = MemoryRequest.AdaptersOf(spec, data.Config),
            Training = [.. passes.Windows.SelectMany(window => window).Select(pass => pass.Layout.Shape(pass.TargetRows)).Distinct()],
            Evaluation = evaluator.Passes,
            Gpu = gpu,
            Mapped = !gpu && IsMapped(data.ModelFolder, PrecisionRule.Dtype(spec.Precision)),
            IndexBytes = passes.IndexBytes + evaluator.IndexBytes,
            ProcessBytes = processBytes,
            BudgetMb = spec.MemoryBudgetMb ?? configuredBudgetMb,
        };
    }

    // On the CPU a weight stays where it lies in the file if it has the precision that is used.
    private static bool IsMapped(string folder, torch.ScalarType dtype)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(folder);
        return weights.Names.All(name => weights.Shape(name).Count < 2 || weights.Dtype(name) == SafetensorsDtypes.Name(dtype));
    }
}
