using System.Diagnostics;
using System.Runtime.InteropServices;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Quantization;
using LoraLab.Training.Training.Calibration;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Resume;
using TorchSharp;

namespace LoraLab.Training.Training;

/// <summary>Loads the model and data of a complete specification and attaches the adapters.</summary>
/// <param name="models">Models by name.</param>
/// <param name="datasets">Datasets by name.</param>
/// <param name="adapters">Adapters by name, for <c>initFrom</c>.</param>
/// <param name="svdFolder">Cache folder of the decompositions.</param>
public sealed class RunPreparation(ModelCatalog models, DatasetCatalog datasets, AdapterCatalog adapters, string svdFolder)
{
    /// <summary>Prepares a run for training. The specification must have passed validation.</summary>
    /// <exception cref="RunFailure">Model, data or device cannot be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two layers.</exception>
    /// <param name="spec">Specification; for a resumed run, the one stored in its checkpoint.</param>
    /// <param name="cancellation">Cancels between two layers.</param>
    /// <param name="checkpoint">Checkpoint from which to take the factors or weights; null: they are initialized.</param>
    /// <param name="read">Data of the specification if already read; null: it is read here. It is disposed when the run is
    /// prepared.</param>
    /// <param name="onProgress">Called after each adapter.</param>
    /// <param name="onCalibration">Called during a calibration with the number of its steps done and the total.</param>
    /// <param name="hashes">Hashes of the model's files; null: they are computed if a calibration needs them.</param>
    public PreparedRun Prepare(
        RunSpec spec,
        CancellationToken cancellation,
        CheckpointReader? checkpoint = null,
        RunData? read = null,
        Action? onProgress = null,
        Action<int, int>? onCalibration = null,
        Task<ModelFingerprint>? hashes = null)
    {
        long started = Stopwatch.GetTimestamp();
        LoraMethod method = LoraMethods.Find(spec.Method) ?? throw RunFailure.BadData($"Method '{spec.Method}' does not exist.", "method");
        using RunData rows = read ?? Read(spec);
        (LlamaConfig config, TaskData data) = (rows.Config, rows.Rows);
        cancellation.ThrowIfCancellationRequested();

        if (checkpoint is not null)
        {
            torch.set_num_threads(checkpoint.State.Threads);
        }

        torch.Device device = DeviceChoice.Resolve(spec.Device);
        DeviceTrial.Require(device);
        PeakMemory memory = new(device);
        Precision precision = PrecisionRule.Resolve(spec.Precision, device, config.ParameterCount);
        hashes ??= config is { InFourBits: false, Form: not BaseWeights.AsStored } ? HashModelAsync(rows) : null;
        QuantizedCache? quantized = hashes is null ? null : new(svdFolder, () => hashes.GetAwaiter().GetResult().WeightsSha256);
        LlamaModel model = LlamaLoader.Load(
            rows.Weights, config, PrecisionRule.Dtype(precision), device, out LoadReport load, quantized);
        try
        {
            SvdCache decompositions = new(svdFolder);
            CalibrationResult? calibration = checkpoint is null && data.Calibration.Count > 0
                ? Calibrate(model, method, spec, data, hashes ?? HashModelAsync(rows), memory, cancellation, onCalibration)
                : null;
            IReadOnlyList<Adapter> attached;
            using (calibration)
            {
                attached = Attach(model, method, spec, checkpoint, calibration?.Factors, decompositions, cancellation, onProgress);
            }

            bool gpu = Kernels.For(device) == KernelSet.Gpu;
            PassLimits limits = PackingRule.Resolve(
                spec with { Precision = precision }, config, data.LongestText, gpu, MemoryBytes(device, spec));
            RunSpec used = rows.Dataset.Complete(spec) with
            {
                Precision = precision,
                MicroBatch = new MicroBatch(limits.Sentences),
                PackTokens = limits.Tokens,
                Device = DeviceChoice.NameOf(device),
            };
            return new PreparedRun
            {
                Spec = used,
                Method = method,
                Schedule = RunSchedule.From(used, data.Train.Length),
                Limits = limits,
                Adapters = attached,
                Environment = data.Describe(Describe(used, limits, memory) with
                {
                    BaseWeights = config.Form,
                    ModelRevision = StoredRevisions.CommitOf(rows.Model.Folder),
                    DatasetRevision = StoredRevisions.CommitOf(datasets.Find(spec.Dataset)),
                    CalibrationMemoryMb = calibration?.PeakMb,
                }),
                Model = model,
                Device = device,
                Data = data,
                Evaluation = data.CreateEvaluation(config, device),
                Memory = memory,
                Load = load,
                Decompositions = decompositions,
                Quantized = quantized,
                QuantizationError = QuantizationError.Sum(model.Linears.Select(linear => linear.Error).OfType<QuantizationError>()),
                Warnings =
                [
                    .. new[]
                    {
                        load.Warning, decompositions.Problem, quantized?.Problem, calibration?.Problem, OverBudget(calibration, spec),
                        PrecisionRule.Warning(spec.Precision, precision, device), CudaMath.Warning(precision, device),
                        Devices.UnknownMemoryWarning(device), spec.Device == "auto" ? DeviceChoice.MissingGpu() : null,
                    }.OfType<string>(),
                    .. data.Warnings,
                ],
                LoadSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds - (calibration?.Seconds ?? 0),
                PreparingSeconds = calibration?.Seconds,
                Calibration = calibration?.Fingerprint,
                CalibratedEarlier = calibration?.CachedLayers ?? 0,
                EarlierDropout = checkpoint is { State.DropoutOfDevice: false },
            };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Makes the names of a run's model and dataset mean the revisions that it used, until the result is disposed.</summary>
    /// <param name="fingerprint">The run's fingerprint; null: it has none, so that the names mean the current revisions.</param>
    public IDisposable Pin(RunFingerprint? fingerprint)
    {
        RevisionPins pins = new();
        if (fingerprint is not null)
        {
            pins.Add(models.Pin(fingerprint.Model.Name, fingerprint.Environment.ModelRevision));
            pins.Add(datasets.Pin(fingerprint.Training.Dataset, fingerprint.Environment.DatasetRevision));
        }

        return pins;
    }

    /// <summary>Reads the data of a specification.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="trainedModel">Folder of a model that a run made of the specification's model, in its place; null: none.</param>
    /// <param name="calibrated">Run whose adapter is evaluated: the selection split skips its calibration rows; null: none.</param>
    /// <exception cref="RunFailure">Model or data cannot be used.</exception>
    public RunData Read(RunSpec spec, string? trainedModel = null, RunSpec? calibrated = null) =>
        RunData.Read(spec, models, datasets, trainedModel, calibrated is null ? null : CalibrationRule.Of(calibrated));

    /// <summary>Hashes the model's files on another thread, while the weights are loaded from the same files.</summary>
    /// <exception cref="RunFailure">A file of the weights is missing or inconsistent.</exception>
    public static Task<ModelFingerprint> HashModelAsync(RunData rows)
    {
        IReadOnlyList<string> weights = rows.Weights.Files;
        return Task.Run(() => ModelHashes.Of(rows.Model, weights, rows.TokenizerSha256));
    }

    private List<Adapter> Attach(
        LlamaModel model,
        LoraMethod method,
        RunSpec spec,
        CheckpointReader? checkpoint,
        IReadOnlyDictionary<string, CalibratedFactors>? calibrated,
        SvdCache decompositions,
        CancellationToken cancellation,
        Action? onProgress)
    {
        if (method.TrainsWeights)
        {
            TrainedWeights weights = model.TrainAll();
            if (checkpoint is not null)
            {
                weights.Restore(checkpoint.Tensor);
            }

            return [];
        }

        IReadOnlyList<AdaptedLinear> targets = AdaptedLinear.Of(spec, model.Config);
        HashSet<string> adapted = [.. targets.Select(linear => linear.Module)];
        LinearLayer[] layers = [.. model.Linears.Where(linear => adapted.Contains(linear.Name))];
        using SharedTensors shared = new();
        IReadOnlyDictionary<string, (torch.Tensor A_RI, torch.Tensor B_OR)>? given =
            spec.InitFrom is not null && checkpoint is null && (method.TakesFromBase || method.Calibrates)
                ? PeftImport.Factors(adapters.Find(spec.InitFrom), layers, method)
                : null;
        IReadOnlyDictionary<string, (torch.Tensor A_RI, torch.Tensor B_OR)>? starts =
            given is null ? null : PeftImport.StartingFactors(adapters.Find(spec.InitFrom!), layers, method);
        List<Adapter> attached = [];
        foreach (LinearLayer linear in layers.Where(layer => IsAdapted(method, layer, checkpoint, calibrated, given)))
        {
            cancellation.ThrowIfCancellationRequested();
            AdapterRequest request = AdapterRequest.From(spec, linear.Name) with
            {
                SvdCache = decompositions,
                Calibrated = calibrated,
                Layers = [.. targets.Select(target => target.Linear)],
                Shared = shared,
            };
            linear.Adapter = checkpoint?.Rebuild(method, linear, request, spec.MethodOptions)
                ?? (given?.TryGetValue(linear.Name, out (torch.Tensor A_RI, torch.Tensor B_OR) factors) == true
                    ? method.CreateFrom(linear, request, factors.A_RI, factors.B_OR, spec.MethodOptions, starts?[linear.Name])
                    : method.Create(linear, request, spec.MethodOptions));
            attached.Add(linear.Adapter);
            onProgress?.Invoke();
        }

        if (spec.InitFrom is not null && checkpoint is null && given is null)
        {
            PeftImport.Load(adapters.Find(spec.InitFrom), attached);
        }

        return attached;
    }

    /// <summary>Whether a target layer gets an adapter: a calibration may give it rank 0.</summary>
    private static bool IsAdapted(
        LoraMethod method,
        LinearLayer layer,
        CheckpointReader? checkpoint,
        IReadOnlyDictionary<string, CalibratedFactors>? calibrated,
        IReadOnlyDictionary<string, (torch.Tensor A_RI, torch.Tensor B_OR)>? given) =>
        !method.Calibrates || (checkpoint?.HasAdapter(layer)
            ?? ((calibrated is null || calibrated[layer.Name].Rank > 0) && given?.ContainsKey(layer.Name) != false));

    private CalibrationResult Calibrate(
        LlamaModel model,
        LoraMethod method,
        RunSpec spec,
        TaskData data,
        Task<ModelFingerprint> hashes,
        PeakMemory memory,
        CancellationToken cancellation,
        Action<int, int>? onCalibration)
    {
        long started = Stopwatch.GetTimestamp();
        memory.BeginUncounted();
        HashSet<string> adapted = [.. AdaptedLinear.Of(spec, model.Config).Select(linear => linear.Module)];
        CalibrationRun run = new(
            model, data.Calibration, spec.LossWeighting, svdFolder, () => hashes.GetAwaiter().GetResult().WeightsSha256);
        IReadOnlyDictionary<string, CalibratedFactors> factors = run.Run(
            layer => method.Calibrator(AdapterRequest.From(spec, layer.Name), spec.MethodOptions)!,
            [.. model.Linears.Where(linear => adapted.Contains(linear.Name))],
            cancellation,
            onCalibration ?? ((_, _) => { }));
        return new(factors)
        {
            Fingerprint = new()
            {
                Rows = data.Calibration.Count,
                Tokens = run.Tokens,
                Sha256 = run.RowsSha256,
            },
            CachedLayers = run.Hits,
            Problem = run.Problem,
            PeakMb = run.Hits < factors.Count ? memory.EndUncounted() : null,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
        };
    }

    private static string? OverBudget(CalibrationResult? calibration, RunSpec spec) => calibration?.PeakMb > spec.MemoryBudgetMb
        ? $"The calibration took {NumberFormat.Mebibytes(calibration.PeakMb.Value)}, more than the budget of "
            + $"{NumberFormat.Mebibytes(spec.MemoryBudgetMb.Value)}."
        : null;

    private static RunEnvironment Describe(RunSpec spec, PassLimits limits, PeakMemory memory) =>
        new()
        {
            Device = spec.Device,
            DeviceName = Devices.Name(spec.Device),
            Precision = spec.Precision,
            MicroBatch = limits.Sentences,
            PackTokens = limits.Tokens,
            SharedPrefix = limits.SharePrefix && !PackingRule.UsesReferencePath(spec),
            Threads = torch.get_num_threads(),
            MemorySource = memory.Source,
            Versions = new Dictionary<string, string>
            {
                ["loraLab"] = Versions.LoraLab,
                ["dotnet"] = Environment.Version.ToString(),
                ["torchSharp"] = Versions.TorchSharp,
                ["libtorch"] = Versions.Libtorch,
                ["os"] = RuntimeInformation.OSDescription,
            },
        };

    /// <summary>
    /// Returns the memory available to a run, bytes: that of the device, or the memory budget if it is smaller; infinite if neither is
    /// known.
    /// </summary>
    internal static double MemoryBytes(torch.Device device, RunSpec spec) => Math.Min(
        Devices.TotalMemoryBytes(device) ?? double.PositiveInfinity, spec.MemoryBudgetMb * 1024.0 * 1024.0 ?? double.PositiveInfinity);
}
