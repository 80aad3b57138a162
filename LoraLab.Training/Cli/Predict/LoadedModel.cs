using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Fingerprints;
using TorchSharp;

namespace LoraLab.Training.Cli.Predict;

/// <summary>A model in memory, with the adapter of the last request.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly IReadOnlyList<FileSnapshot> _files;
    private IReadOnlyList<FileSnapshot> _adapter = [];
    private IReadOnlyList<LinearLayer> _residual = [];

    private LoadedModel(ResolvedModel resolved, LlamaModel model, Precision precision, IReadOnlyList<FileSnapshot> files, string weights) =>
        (Resolved, Model, Precision, _files, WeightsSha256) = (resolved, model, precision, files, weights);

    /// <summary>Name, folder and shape.</summary>
    public ResolvedModel Resolved { get; }

    /// <summary>The model.</summary>
    public LlamaModel Model { get; }

    /// <summary>Precision of its weights.</summary>
    public Precision Precision { get; }

    /// <summary>Hash of the files of its weights.</summary>
    public string WeightsSha256 { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="resolved">The model, with the form of its linear layers.</param>
    /// <param name="precision">Precision of its weights.</param>
    /// <param name="device">Device.</param>
    /// <param name="cacheFolder">Cache folder of layers in four bits.</param>
    public static LoadedModel Load(ResolvedModel resolved, Precision precision, torch.Device device, string cacheFolder)
    {
        IReadOnlyList<FileSnapshot> files = ModelCatalog.FileSnapshots(resolved);
        string hash;
        using (CheckpointWeights weights = CheckpointWeights.Open(resolved.Folder))
        {
            hash = ModelHashes.Of(resolved, weights.Files, "").WeightsSha256;
        }

        LlamaModel model = LlamaLoader.Load(
            resolved.Folder, resolved.Config, PrecisionRule.Dtype(precision), device, new(cacheFolder, () => hash));
        return new(resolved, model, precision, files, hash);
    }

    /// <summary>Whether it is still the model of its folder, in a precision.</summary>
    public bool Is(ResolvedModel resolved, Precision precision) =>
        resolved.Folder == Resolved.Folder && precision == Precision && resolved.Config.Form == Resolved.Config.Form
            && ModelCatalog.FileSnapshots(resolved).SequenceEqual(_files);

    /// <summary>Puts an adapter on the model in place of the last one; returns false if it is the last one.</summary>
    /// <param name="folder">Folder of the adapter; null: none.</param>
    /// <param name="files">Its files.</param>
    public bool Attach(string? folder, IReadOnlyList<FileSnapshot> files)
    {
        if (files.SequenceEqual(_adapter))
        {
            return false;
        }

        _adapter = [];
        foreach (LinearLayer linear in Model.Linears)
        {
            linear.Adapter?.Dispose();
            linear.Adapter = null;
        }

        QuantizedResidual.Undo(_residual);
        _residual = [];
        if (folder is not null)
        {
            PeftImport.Attach(folder, [.. Model.Linears]);
            _residual = QuantizedResidual.Restore(AdapterOrigin.Spec(folder), Model.Linears);
        }

        _adapter = files;
        return true;
    }

    /// <inheritdoc />
    public void Dispose() => Model.Dispose();
}
