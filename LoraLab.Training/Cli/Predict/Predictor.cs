using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Training.Cli.Predict;

/// <summary>
/// Computes predictions of runs and of a model without an adapter, with the code of evaluation and generation. A request is checked before
/// the model is loaded.
/// </summary>
internal sealed class Predictor(TrainerServices services) : IDisposable
{
    private LoadedModel? _loaded;

    /// <summary>
    /// Computes the predictions of a request, of the model before those of the runs. The model is loaded once; a run that trained all
    /// weights has a model of its own.
    /// </summary>
    /// <param name="command">The request.</param>
    /// <param name="onLoaded">Called when the model is loaded.</param>
    /// <param name="cancellation">Polled between blocks.</param>
    /// <exception cref="PredictRefusal">The request is wrong, or a run cannot be used as it is now.</exception>
    /// <exception cref="RunFailure">The model cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<PredictResult> Predict(PredictCommand command, Action onLoaded, CancellationToken cancellation)
    {
        PredictedRun[] runs = [.. command.Runs.Select(id => PredictedRun.Read(services, id))];
        using IDisposable pins = services.Preparation().Pin(runs.FirstOrDefault()?.Fingerprint);
        ResolvedModel resolved = services.Models.Find(runs.FirstOrDefault()?.Spec.Model ?? command.Model!);
        ModelTokenizer tokenizer = services.Models.Tokenizer(resolved);
        foreach (PredictedRun run in runs)
        {
            RequireSameFiles(run, resolved, tokenizer);
        }

        Asked[] all = [.. Read(command, runs, resolved, tokenizer)];
        InputColumns.RequireKnown(command.Inputs ?? [], [.. all.SelectMany(asked => asked.Prediction.Columns).Distinct()]);
        cancellation.ThrowIfCancellationRequested();

        List<PredictResult> answers = [];
        foreach (Asked asked in all)
        {
            long started = Stopwatch.GetTimestamp();
            bool loads = Load(asked, asked.Run?.TrainedModel ?? resolved);
            if (asked.Run?.TrainedModel is null)
            {
                RequireSameWeights(runs, resolved);
            }

            if (answers.Count == 0)
            {
                onLoaded();
            }

            loads |= asked.Run is { TrainedModel: null } adapted
                ? _loaded!.Attach(adapted.Folder, services.Adapters.FileSnapshots(adapted.Id))
                : _loaded!.Attach(null, []);
            double loadSeconds = loads ? Stopwatch.GetElapsedTime(started).TotalSeconds : 0;
            started = Stopwatch.GetTimestamp();
            IReadOnlyList<PredictedItem> items = asked.Prediction.Run(_loaded.Model, cancellation);
            answers.Add(new()
            {
                Run = asked.Run?.Id,
                Model = resolved.Name,
                Items = items,
                Labels = asked.Prediction.Labels,
                Device = DeviceChoice.NameOf(_loaded.Model.Device),
                Precision = _loaded.Precision,
                Threads = torch.get_num_threads(),
                Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
                LoadSeconds = loadSeconds,
            });
        }

        return answers;
    }

    /// <inheritdoc />
    public void Dispose() => _loaded?.Dispose();

    private static IEnumerable<Asked> Read(
        PredictCommand command, IReadOnlyList<PredictedRun> runs, ResolvedModel resolved, ModelTokenizer tokenizer)
    {
        if (command.Model is not null)
        {
            // Beside runs the model reads what they read, in their precision.
            PredictedRun? like = runs.FirstOrDefault();
            if (command.Inputs is not null && runs.FirstOrDefault(run => !run.AsksLike(like!)) is { } other)
            {
                throw PredictRefusal.Of(
                    "model",
                    $"The runs {like!.Id} and {other.Id} have different prompts or labels, so the model has no prompt of its own beside "
                        + "them; leave out model, or ask it beside each of them.");
            }

            yield return new(null, like, Read(command, like, resolved, tokenizer));
        }

        foreach (PredictedRun run in runs)
        {
            yield return new(run, run, Read(command, run, resolved, tokenizer));
        }
    }

    private static IPrediction Read(PredictCommand command, PredictedRun? run, ResolvedModel resolved, ModelTokenizer tokenizer)
    {
        IReadOnlyList<string> labels = command.Labels ?? run?.Labels ?? [];
        return command.Inputs is not { } inputs
            ? GeneratedPrediction.OfPrompts([command.Prompt!], "prompt", command.Generate, resolved, tokenizer)
            : labels.Count > 0
                ? LabelPrediction.Read(command, inputs, labels, run?.Spec, resolved, tokenizer)
                : GeneratedPrediction.OfInputs(command, inputs, run!, resolved, tokenizer);
    }

    /// <summary>The adapter was trained for one model: with another it predicts something, but not what the run learned.</summary>
    private static void RequireSameFiles(PredictedRun run, ResolvedModel resolved, ModelTokenizer tokenizer)
    {
        if (run.Fingerprint.Model.ConfigSha256 != resolved.ConfigSha256 || run.Fingerprint.Model.TokenizerSha256 != tokenizer.Sha256)
        {
            throw Changed(run, resolved, "its configuration or tokenizer is another");
        }
    }

    private static PredictRefusal Changed(PredictedRun run, ResolvedModel resolved, string how) => PredictRefusal.OfRun(
        $"The model '{resolved.Name}' has changed since run {run.Id}: {how}; restore its files to ask the run.");

    private void RequireSameWeights(IReadOnlyList<PredictedRun> runs, ResolvedModel resolved)
    {
        if (runs.FirstOrDefault(run =>
            run.TrainedModel is null && run.Fingerprint.Model.WeightsSha256 != _loaded!.WeightsSha256) is { } other)
        {
            throw Changed(other, resolved, "its weights are others");
        }
    }

    /// <summary>Loads the model if it is not loaded; returns whether it was.</summary>
    private bool Load(Asked asked, ResolvedModel resolved)
    {
        TorchRuntime.EnsureLoaded();
        torch.Device device = DeviceChoice.Resolve("auto");
        DeviceTrial.Require(device);
        // The precision of another kind of device may be slow on this one, or not exist.
        RunEnvironment? trained = asked.Like?.Fingerprint.Environment;
        bool sameKind = trained?.Device.StartsWith("cuda", StringComparison.Ordinal) == (device.type == DeviceType.CUDA);
        Precision precision = PrecisionRule.Resolve(
            sameKind ? trained!.Precision : Precision.Auto, device, resolved.Config.ParameterCount);
        resolved = resolved with { Config = resolved.Config.WithBase(asked.Like?.Spec.BaseWeights ?? BaseWeights.AsStored) };
        if (_loaded?.Is(resolved, precision) == true)
        {
            return false;
        }

        _loaded?.Dispose();
        _loaded = null;
        GC.Collect();
        _loaded = LoadedModel.Load(resolved, precision, device, services.Configuration.SvdCache);
        return true;
    }

    /// <summary>One of those asked.</summary>
    /// <param name="Run">The run; null: the model without an adapter.</param>
    /// <param name="Like">The run in whose precision it is computed; null: none.</param>
    /// <param name="Prediction">What it is asked.</param>
    private sealed record Asked(PredictedRun? Run, PredictedRun? Like, IPrediction Prediction);
}
