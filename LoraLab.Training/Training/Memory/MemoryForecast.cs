using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Gradients;
using TorchSharp;

namespace LoraLab.Training.Training.Memory;

/// <summary>The memory estimate of a run before its weights are loaded, with suggestions to reduce it.</summary>
public sealed class MemoryForecast
{
    private readonly RunSpec _spec;
    private readonly RunData _data;
    private readonly torch.Device _device;
    private readonly double _processBytes;
    private readonly int? _deviceMb;

    // Dtypes of the matrices in the file: on the CPU, a weight that has the precision of the run stays memory-mapped.
    private readonly HashSet<string>? _storedDtypes;

    /// <summary>Estimates the memory of a validated specification on its own rows.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="data">Its rows and weights.</param>
    /// <param name="usesDevice">
    /// Whether the process may use a GPU, and so measure its context, which it then holds until it exits: that of the run does, and one
    /// that only estimates must not.
    /// </param>
    /// <exception cref="RunFailure">The device cannot be used.</exception>
    public MemoryForecast(RunSpec spec, RunData data, bool usesDevice = true)
    {
        _device = DeviceChoice.Resolve(spec.Device);
        (_spec, _data) = (spec with { Precision = PrecisionRule.Resolve(spec.Precision, _device, data.Config.ParameterCount) }, data);
        _storedDtypes = _device.type == DeviceType.CUDA
            ? null
            : [.. data.Weights.Names.Where(name => data.Weights.Shape(name).Count >= 2).Select(data.Weights.Dtype)];
        _deviceMb = Devices.TotalMemoryBytes(_device) is double bytes ? (int)Math.Min(int.MaxValue, bytes / (1024 * 1024)) : null;
        MemoryRequest request = Request(_spec);
        // Measured last, after reading and packing, so that the process holds what it holds in a run.
        _processBytes = usesDevice || _device.type != DeviceType.CUDA
            ? Math.Max(0, ProcessMemory.Measure(_device, _spec.Precision))
            : ProcessMemory.AssumedContext;
        Estimate = MemoryEstimator.Of(MemoryEstimator.Fitting(request with { ProcessBytes = _processBytes })) with
        {
            Device = DeviceChoice.NameOf(_device),
        };
    }

    /// <summary>The estimate without advice.</summary>
    public MemoryEstimate Estimate { get; }

    /// <summary>
    /// The estimated peak after the largest window was measured, MiB: corrected if the window needed more than estimated.
    /// </summary>
    /// <param name="measuredMb">What the process needed; null: not measured.</param>
    public double After(double? measuredMb) => Estimate.TotalMb * Math.Max(1, measuredMb / Estimate.TrainingMb ?? 1);

    /// <summary>Returns changes each of which makes the run fit its budget.</summary>
    /// <param name="underestimate">Factor by which the estimate was measured to be too low.</param>
    public IReadOnlyList<RunSuggestion> Suggestions(double underestimate = 1) =>
        MemoryAdvice.Suggestions(
            _spec, spec => MemoryEstimator.Fitting(Request(spec)), underestimate, _deviceMb ?? 0, PrecisionRule.Half(_device));

    /// <summary>Returns the error of the run if it exceeds its budget.</summary>
    /// <param name="suggestions">Changes that suffice.</param>
    /// <param name="needs">The memory that it needs, as a clause; null: the estimate.</param>
    public string Message(IReadOnlyList<RunSuggestion> suggestions, string? needs = null) =>
        MemoryAdvice.Message(Estimate, _spec, suggestions, needs, ofDevice: Estimate.BudgetMb != _spec.MemoryBudgetMb);

    // Beyond the memory of a GPU, no run can go, or, on Windows, it goes on in system memory, many times slower. On the CPU, the weights,
    // gradients and moments of a run that trains all weights are counted to the byte.
    private int? LimitMb(RunSpec spec) => _device.type == DeviceType.CUDA
        ? spec.MemoryBudgetMb is int budget && !(budget > _deviceMb) ? budget : _deviceMb
        : spec.MemoryBudgetMb ?? (LoraMethods.Find(spec.Method)?.TrainsWeights == true ? _deviceMb : null);

    /// <summary>The calibration rows of the run, or of one with fewer: from the same end of them.</summary>
    private static CalibrationShape? Calibration(RunSpec spec, TaskData rows)
    {
        if (CalibrationRule.Of(spec) is not CalibrationRule rule || rows.Calibration.Count == 0)
        {
            return null;
        }

        TrainingExample[] used =
            [.. rule.Offset is null ? rows.Calibration.TakeLast(rule.Samples) : rows.Calibration.Take(rule.Samples)];
        return new(used.Sum(row => (long)row.Ids.Length), used.Max(row => row.Ids.Length));
    }

    private MemoryRequest Request(RunSpec spec)
    {
        bool gpu = _device.type == DeviceType.CUDA;
        TaskData rows = _data.Rows;
        LlamaConfig config = _data.Config.WithBase(spec.BaseWeights);
        PassLimits limits = PackingRule.Resolve(spec, config, rows.LongestText, gpu, RunPreparation.MemoryBytes(_device, spec));
        using TrainingPasses passes = new(
            RunSchedule.From(spec, rows.Train.Length), rows.Train, limits, spec.LossWeighting, _data.Config, torch.CPU);
        using TaskEvaluation evaluation = rows.CreateEvaluation(_data.Config, torch.CPU);
        return new()
        {
            Config = config,
            Spec = spec with { MicroBatch = new MicroBatch(limits.Sentences), PackTokens = limits.Tokens },
            Adapters = MemoryRequest.AdaptersOf(spec, _data.Config),
            Training = [.. passes.Windows.SelectMany(window => window).Select(pass => pass.Layout.Shape(pass.TargetRows)).Distinct()],
            Evaluation = evaluation.Passes,
            Generation = evaluation.Generation,
            Calibration = Calibration(spec, rows),
            Gpu = gpu,
            Mapped = !gpu && _storedDtypes!.All(dtype => dtype == SafetensorsDtypes.Name(PrecisionRule.Dtype(spec.Precision))),
            IndexBytes = passes.IndexBytes + evaluation.IndexBytes,
            ProcessBytes = _processBytes,
            BudgetMb = LimitMb(spec),
        };
    }
}
