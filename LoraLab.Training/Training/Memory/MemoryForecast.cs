using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Evaluation;
using LoraLab.Training.Training.Gradients;
using TorchSharp;

namespace LoraLab.Training.Training.Memory;

/// <summary>What can be said of a run's memory before its weights are loaded, and what would change it.</summary>
public sealed class MemoryForecast
{
    private readonly RunSpec _spec;
    private readonly RunData _data;
    private readonly torch.Device _device;
    private readonly double _processBytes;

    // On the CPU a weight stays where it lies in the file if it has the precision that is used: the precisions of the matrices there.
    private readonly HashSet<string>? _stored;

    /// <summary>Estimates a specification that has passed validation, over its own rows.</summary>
    /// <exception cref="RunFailure">The device cannot be used.</exception>
    public MemoryForecast(RunSpec spec, RunData data)
    {
        _device = DeviceChoice.Resolve(spec.Device);
        (_spec, _data) = (spec with { Precision = PrecisionRule.Resolve(spec.Precision, _device, data.Config.ParameterCount) }, data);
        _stored = _device.type == DeviceType.CUDA ? null : [.. data.Weights.Names.Where(name => data.Weights.Shape(name).Count >= 2).Select(data.Weights.Dtype)];
        MemoryRequest request = Request(_spec);
        // Last: reading and packing leave behind here what they leave behind in a run.
        _processBytes = Math.Max(0, ProcessMemory.Measure(_device, _spec.Precision));
        Estimate = MemoryEstimator.Of(request with { ProcessBytes = _processBytes }) with { Device = DeviceChoice.NameOf(_device) };
    }

    /// <summary>The estimate, without advice.</summary>
    public MemoryEstimate Estimate { get; }

    /// <summary>Changes each of which makes the run fit.</summary>
    /// <param name="miss">Factor by which the estimate was found too low.</param>
    public IReadOnlyList<RunSuggestion> Suggestions(double miss = 1) =>
        MemoryAdvice.Suggestions(_spec, Request, miss, Devices.TotalMemoryBytes(_device) / (1024 * 1024));

    private MemoryRequest Request(RunSpec spec)
    {
        bool gpu = _device.type == DeviceType.CUDA;
        PassLimits limits = PackingRule.Resolve(spec, _data.Config, _data.LongestText, gpu, RunPreparation.MemoryBytes(_device, spec));
        using TrainingPasses passes = new(RunSchedule.From(spec, _data.Train.Length), _data.Train, limits, spec.LossWeighting, _data.Config.VocabularySize, torch.CPU);
        using Evaluator evaluator = new(_data.Evaluation, _data.Config, torch.CPU);
        return new()
        {
            Config = _data.Config,
            Spec = spec with { MicroBatch = new MicroBatch(limits.Sentences), PackTokens = limits.Tokens },
            Adapters = MemoryRequest.AdaptersOf(spec, _data.Config),
            Training = [.. passes.Windows.SelectMany(window => window).Select(pass => pass.Layout.Shape(pass.TargetRows)).Distinct()],
            Evaluation = evaluator.Passes,
            Gpu = gpu,
            Mapped = !gpu && _stored!.All(dtype => dtype == SafetensorsDtypes.Name(PrecisionRule.Dtype(spec.Precision))),
            IndexBytes = passes.IndexBytes + evaluator.IndexBytes,
            ProcessBytes = _processBytes,
            BudgetMb = spec.MemoryBudgetMb,
        };
    }
}
