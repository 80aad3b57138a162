using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Calibration;

/// <summary>
/// Computes the starting factors of a method from calibration rows, once for a model, rows, layer and options: they are cached beside the
/// decompositions of weights.
/// </summary>
/// <param name="model">The model, without adapters.</param>
/// <param name="rows">The rows, at least one.</param>
/// <param name="weighting">Weighting of the targets in the loss.</param>
/// <param name="folder">Folder of the cache.</param>
/// <param name="weightsSha256">Hash of the model's weights.</param>
internal sealed class CalibrationRun(
    LlamaModel model, IReadOnlyList<TrainingExample> rows, LossWeighting weighting, string folder, Func<string> weightsSha256)
{
    private const string A = "a", B = "b", Importance = "importance";
    private readonly TensorCache _cache = new(folder, "The calibrated factors");

    /// <summary>Hash of the rows' numbers, tokens and targets.</summary>
    public string RowsSha256 { get; } = HashOf(rows);

    /// <summary>Tokens of all rows.</summary>
    public long Tokens => rows.Sum(row => (long)row.Ids.Length);

    /// <summary>Layers whose factors were read from the cache.</summary>
    public int Hits { get; private set; }

    /// <summary>Error message of the last failed write to the cache; null if all succeeded.</summary>
    public string? Problem => _cache.Problem;

    /// <summary>Returns the factors of the layers by module; the caller disposes them.</summary>
    /// <param name="calibratorOf">What computes the factors of a layer; all measure the same.</param>
    /// <param name="layers">The layers that get an adapter, in the order of the model.</param>
    /// <param name="cancellation">Cancels between two rows and between two layers.</param>
    /// <param name="onProgress">Called with the number of steps done and the total.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyDictionary<string, CalibratedFactors> Run(
        Func<LinearLayer, Calibrator> calibratorOf,
        IReadOnlyList<LinearLayer> layers,
        CancellationToken cancellation,
        Action<int, int> onProgress)
    {
        Dictionary<LinearLayer, Calibrator> calibrators = layers.ToDictionary(layer => layer, calibratorOf);
        Dictionary<string, CalibratedFactors> found = new(StringComparer.Ordinal);
        foreach (LinearLayer layer in layers)
        {
            if (Read(calibrators[layer], layer) is { } cached)
            {
                found[layer.Name] = cached;
                Hits++;
            }
        }

        HashSet<LinearLayer> missing = [.. layers.Where(layer => !found.ContainsKey(layer.Name))];
        if (missing.Count > 0)
        {
            BlockwisePass pass = new(model, rows, missing, cancellation, onProgress);
            if (calibrators[layers[0]].Measure == CalibrationMeasure.Gradient)
            {
                pass.Gradients(weighting, Add);
            }
            else
            {
                pass.Covariances(calibrators[layers[0]].Measure, Add);
            }
        }

        return calibrators[layers[0]].Distribute([.. layers.Select(layer => (layer.Name, found[layer.Name], calibrators[layer].Rank))]);

        void Add(IReadOnlyList<LinearLayer> group, Tensor measured)
        {
            foreach (LinearLayer layer in group)
            {
                cancellation.ThrowIfCancellationRequested();
                Calibrator calibrator = calibrators[layer];
                bool same = calibrator.DependsOnInputOnly && layer != group[0] && calibrators[group[0]].Key == calibrator.Key;
                CalibratedFactors factors = same
                    ? Copy(found[group[0].Name])
                    : calibrator.Factors(layer, measured);
                found[layer.Name] = factors;
                _cache.Store(Key(calibrator, layer), Named(factors));
            }
        }
    }

    private static CalibratedFactors Copy(CalibratedFactors factors) =>
        new(Own(factors.A_RI)!, Own(factors.B_OR), Own(factors.Importance_R));

    private static Tensor? Own(Tensor? value) => value?.clone().DetachFromDisposeScope();

    private static List<(string Name, Tensor Value)> Named(CalibratedFactors factors) =>
    [
        .. new[] { (A, factors.A_RI), (B, factors.B_OR), (Importance, factors.Importance_R) }
            .Where(factor => factor.Item2 is not null).Select(factor => (factor.Item1, factor.Item2!)),
    ];

    private static string HashOf(IReadOnlyList<TrainingExample> rows)
    {
        using Sha256Hash hash = new();
        foreach (TrainingExample row in rows)
        {
            hash.Add(row.Row, row.Ids.Length).Add(row.Ids);
            foreach (TargetRange range in row.Targets)
            {
                hash.Add(range.Start, range.End);
            }
        }

        return hash.Hex();
    }

    private CalibratedFactors? Read(Calibrator calibrator, LinearLayer layer)
    {
        using IDisposable scope = NewDisposeScope();
        bool isDirections = calibrator.DependsOnInputOnly;
        IReadOnlyList<Tensor>? tensors = _cache.Find(Key(calibrator, layer), isDirections ? [A, Importance] : [A, B], model.Device);
        return tensors is null ? null
            : isDirections ? new(Own(tensors[0])!, Importance_R: Own(tensors[1]))
            : new(Own(tensors[0])!, Own(tensors[1]));
    }

    // Added where it matters, so that what earlier versions cached stays valid.
    private Dictionary<string, string> Form() =>
        model.Config.Form == BaseWeights.AsStored ? [] : new() { ["baseWeights"] = EnumWords.Of(model.Config.Form) };

    private Dictionary<string, string> Key(Calibrator calibrator, LinearLayer layer) => new(Form())
    {
        ["format"] = "loralab calibration 1",
        ["weights"] = weightsSha256(),
        ["rows"] = RowsSha256,
        ["layer"] = layer.Name,
        ["method"] = calibrator.Key,
        ["weighting"] = calibrator.Measure == CalibrationMeasure.Gradient ? weighting.ToString() : "none",
        ["precision"] = model.Dtype.ToString(),
        ["computedBy"] = SvdKey.ComputedBy(model.Device),
    };
}
