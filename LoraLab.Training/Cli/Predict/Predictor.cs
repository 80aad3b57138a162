using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Training.Cli.Predict;

/// <summary>
/// Computes predictions of a run or of a model without an adapter, with the code of evaluation and generation. A request is checked before
/// the model is loaded.
/// </summary>
internal sealed class Predictor(TrainerServices services) : IDisposable
{
    private LoadedModel? _loaded;

    /// <summary>Computes the predictions of a request.</summary>
    /// <param name="command">The request.</param>
    /// <param name="onLoaded">Called when the model is loaded.</param>
    /// <param name="cancellation">Polled between blocks.</param>
    /// <exception cref="PredictRefusal">The request is wrong, or the run cannot be used as it is now.</exception>
    /// <exception cref="RunFailure">The model cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public PredictResult Predict(PredictCommand command, Action onLoaded, CancellationToken cancellation)
    {
        PredictedRun? run = command.Run is string id ? PredictedRun.Read(services, id) : null;
        using IDisposable pins = services.Preparation().Pin(run?.Fingerprint);
        ResolvedModel resolved = services.Models.Find(run?.Spec.Model ?? command.Model!);
        ModelTokenizer tokenizer = services.Models.Tokenizer(resolved);
        RequireSameFiles(run, resolved, tokenizer);
        IPrediction prediction = Read(command, run, resolved, tokenizer);
        cancellation.ThrowIfCancellationRequested();

        long started = Stopwatch.GetTimestamp();
        bool loads = Load(run, resolved);
        double loadSeconds = loads ? Stopwatch.GetElapsedTime(started).TotalSeconds : 0;
        onLoaded();
        started = Stopwatch.GetTimestamp();
        IReadOnlyList<PredictedItem> items = prediction.Run(_loaded!.Model, cancellation);
        return new()
        {
            Items = items,
            Labels = prediction.Labels,
            Device = DeviceChoice.NameOf(_loaded.Model.Device),
            Precision = _loaded.Precision,
            Threads = torch.get_num_threads(),
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
            LoadSeconds = loadSeconds,
        };
    }

    /// <inheritdoc />
    public void Dispose() => _loaded?.Dispose();

    private static IPrediction Read(PredictCommand command, PredictedRun? run, ResolvedModel resolved, ModelTokenizer tokenizer)
    {
        IReadOnlyList<string> labels = command.Labels ?? run?.Labels ?? [];
        return command.Inputs is not { } inputs
            ? GeneratedPrediction.OfPrompts([command.Prompt!], "prompt", command.Generate, resolved, tokenizer)
            : labels.Count > 0
                ? LabelPrediction.Read(command, inputs, labels, run?.Spec, resolved, tokenizer)
                : GeneratedPrediction.OfInputs(inputs, run!, command.Generate, resolved, tokenizer);
    }

    /// <summary>The adapter was trained for one model: with another it predicts something, but not what the run learned.</summary>
    private static void RequireSameFiles(PredictedRun? run, ResolvedModel resolved, ModelTokenizer tokenizer)
    {
        if (run is not null && (run.Fingerprint.Model.ConfigSha256 != resolved.ConfigSha256
            || run.Fingerprint.Model.TokenizerSha256 != tokenizer.Sha256))
        {
            throw Changed(resolved, "its configuration or tokenizer is another");
        }
    }

    private static PredictRefusal Changed(ResolvedModel resolved, string how) => PredictRefusal.OfRun(
        $"The model '{resolved.Name}' has changed since the run: {how}; restore its files to ask the run.");

    /// <summary>Loads what is not loaded; returns whether anything was.</summary>
    private bool Load(PredictedRun? run, ResolvedModel resolved)
    {
        TorchRuntime.EnsureLoaded();
        torch.Device device = DeviceChoice.Resolve("auto");
        // The precision of another kind of device may be slow on this one, or not exist.
        RunEnvironment? trained = run?.Fingerprint.Environment;
        bool sameKind = trained?.Device.StartsWith("cuda", StringComparison.Ordinal) == (device.type == DeviceType.CUDA);
        Precision precision = PrecisionRule.Resolve(
            sameKind ? trained!.Precision : Precision.Auto, device, resolved.Config.ParameterCount);
        bool loads = _loaded?.Is(services.Models, resolved, precision) != true;
        if (loads)
        {
            _loaded?.Dispose();
            _loaded = null;
            GC.Collect();
            _loaded = LoadedModel.Load(services.Models, resolved, precision, device);
        }

        if (run is not null && run.Fingerprint.Model.WeightsSha256 != _loaded!.WeightsSha256)
        {
            throw Changed(resolved, "its weights are others");
        }

        _loaded!.Attach(run?.Folder, run is null ? [] : services.Adapters.FileSnapshots(run.Id));
        return loads;
    }
}
