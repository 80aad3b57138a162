using System.Globalization;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Generation;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// Measures the loss on all targets of the evaluation rows, and compares what the model generates after the first prompts with their
/// references.
/// </summary>
public sealed class CompletionEvaluation : TaskEvaluation
{
    // Activation values of a block per pass: small enough for an 8 GB GPU, large enough to saturate the cores.
    private const int ValuesPerPass = 64 << 20;
    private const int MaxTokensPerPass = 4096;

    // Few, so that an evaluation shows that it makes progress.
    private const int PromptsAtOnce = 8;
    private readonly IReadOnlyList<CompletionExample> _examples;
    private readonly int _generated;
    private readonly GenerationSettings _settings;
    private readonly IndexArena _arena = new();
    private readonly IReadOnlyList<LossPass> _passes;

    /// <summary>Creates the evaluation of at least one encoded row and uploads all indices to the device.</summary>
    /// <param name="examples">The rows.</param>
    /// <param name="generated">Number of rows from the first on after whose prompts a text is generated.</param>
    /// <param name="settings">How texts are generated.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="device">Device of the evaluations.</param>
    public CompletionEvaluation(
        IReadOnlyList<CompletionExample> examples, int generated, GenerationSettings settings, LlamaConfig config, Device device)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(config);
        (_examples, _generated, _settings) = (examples, Math.Min(generated, examples.Count), settings);
        int tokens = Math.Clamp(ValuesPerPass / config.ActivationsPerToken, 1, MaxTokensPerPass);
        _passes = LossPass.Pack(_arena, examples, tokens, config, bucketed: Kernels.For(device) == KernelSet.Cpu);
        _arena.Upload(device);
    }

    /// <inheritdoc />
    public override IReadOnlyList<PassShape> Passes => [.. _passes.Select(pass => pass.Shape)];

    /// <inheritdoc />
    public override GenerationShape? Generation => _generated == 0
        ? null
        : new(
            Math.Min(PromptsAtOnce, _generated), _examples.Take(_generated).Max(example => example.PromptIds.Length), _settings.MaxTokens);

    /// <inheritdoc />
    public override long IndexBytes => _arena.Bytes;

    /// <inheritdoc />
    public override EvaluationOutcome Run(PackedLlama model, CancellationToken cancellation, Action? onProgress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        double[] losses = Losses(model, cancellation, onProgress);
        return Outcome(losses, Generate(model.Model, cancellation, onProgress));
    }

    /// <summary>Returns the loss of each row: the sum over its targets.</summary>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="cancellation">Cancels between two blocks.</param>
    /// <param name="onProgress">Called after each pass.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public double[] Losses(PackedLlama model, CancellationToken cancellation, Action? onProgress = null)
    {
        using IDisposable inference = inference_mode();
        double[] losses = new double[_examples.Count];
        foreach (LossPass pass in _passes)
        {
            using IDisposable scope = NewDisposeScope();
            float[] logProbabilities = TensorReader.Floats(pass.LogProbabilities(model, cancellation));
            for (int i = 0; i < logProbabilities.Length; i++)
            {
                losses[pass.Owners[i]] -= logProbabilities[i];
            }

            onProgress?.Invoke();
        }

        return losses;
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        foreach (LossPass pass in _passes)
        {
            pass.Dispose();
        }

        _arena.Dispose();
    }

    private List<ComparedText> Generate(LlamaModel model, CancellationToken cancellation, Action? onProgress)
    {
        List<ComparedText> texts = [];
        using IDisposable? held = _generated > 0 ? model.Hold() : null;
        while (texts.Count < _generated)
        {
            CompletionExample[] batch = [.. _examples.Skip(texts.Count).Take(Math.Min(PromptsAtOnce, _generated - texts.Count))];
            IReadOnlyList<GeneratedText> generated = TextGeneration.Run(
                model, [.. batch.Select(example => example.PromptIds)], _settings with { FirstIndex = texts.Count }, cancellation);
            texts.AddRange(batch.Zip(generated, (example, text) => new ComparedText(example.Reference!, text.Text ?? "")));
            onProgress?.Invoke();
        }

        return texts;
    }

    private EvaluationOutcome Outcome(double[] losses, IReadOnlyList<ComparedText> texts)
    {
        double loss = losses.Sum() / _examples.Sum(example => (double)example.TargetCount);
        Dictionary<string, double> metrics = new()
        {
            [MetricKeys.EvalLoss] = loss,
            [MetricKeys.EvalPerplexity] = Math.Exp(loss),
        };
        if (texts.Count > 0)
        {
            metrics[MetricKeys.EvalExactMatch] = texts.Average(text => text.ExactMatch);
            metrics[MetricKeys.EvalRougeL] = texts.Average(text => text.RougeL);
        }

        double[] numeric = [.. texts.Select(text => text.NumericMatch).OfType<double>()];
        if (numeric.Length > 0)
        {
            metrics[MetricKeys.EvalNumericMatch] = numeric.Average();
        }

        IReadOnlyList<string> columns = TaskDescriptors.Completion.PredictionColumns;
        return new()
        {
            Metrics = metrics,
            Rows = _examples.Count,
            Predictions = new(
                texts.Count > 0 ? [.. columns, .. ComparedText.Columns] : columns,
                _examples.Select<CompletionExample, IReadOnlyList<string>>((example, i) =>
                [
                    example.Row.ToString(CultureInfo.InvariantCulture),
                    losses[i].ToString("R", CultureInfo.InvariantCulture),
                    example.TargetCount.ToString(CultureInfo.InvariantCulture),
                    i < texts.Count ? texts[i].Generated : "",
                    .. texts.Count == 0 ? [] : i < texts.Count ? texts[i].Cells : ComparedText.NoCells,
                ])),
        };
    }
}
