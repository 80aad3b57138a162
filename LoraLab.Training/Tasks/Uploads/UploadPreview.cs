using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tasks.Completion;

namespace LoraLab.Training.Tasks.Uploads;

/// <summary>
/// Makes a dataset of uploaded files: a <c>dataset.json</c>, and two files where the upload has one. Everything is read by the readers that
/// runs use, so that what is kept can be trained on.
/// </summary>
/// <param name="request">The upload.</param>
/// <param name="models">Models by name.</param>
/// <param name="datasets">The datasets, one of which the upload will be.</param>
public sealed class UploadPreview(UploadRequest request, ModelCatalog models, DatasetCatalog datasets)
{
    private const int SampleRows = 8;

    /// <summary>Reads the upload, and writes what the dataset needs beside the uploaded files.</summary>
    /// <exception cref="RunFailure">
    /// A file is no table of texts (field <c>file</c>), the manifest names a preset (<c>manifest</c>), or the model cannot be used
    /// (<c>model</c>).
    /// </exception>
    public DatasetPreview Read()
    {
        JsonObject manifest = request.Manifest?.DeepClone().AsObject() ?? [];
        if (manifest["preset"] is not null)
        {
            throw RunFailure.BadData("The manifest of an upload cannot name a preset; describe its columns, or leave it out.", "manifest");
        }

        // They follow from the files.
        manifest.Remove("format");

        JsonHints hints = JsonHints.Of(manifest);
        UploadedFile train = UploadedFile.Read(request.Folder, request.Train, request.Name, hints);
        UploadedFile? eval = request.Eval is null ? null : UploadedFile.Read(request.Folder, request.Eval, request.Name, hints);
        DatasetPreview preview = new() { Files = [train.Table, .. eval is null ? (UploadedTable[])[] : [eval.Table]] };
        try
        {
            new ManifestGuess(manifest, train, eval).Complete();
            return Complete(preview with { Manifest = manifest }, train);
        }
        catch (RunFailure problem) when (problem.Field is "dataset" or "manifest")
        {
            return preview with { Manifest = manifest, Problem = problem.Message };
        }
    }

    private DatasetPreview Complete(DatasetPreview preview, UploadedFile train)
    {
        JsonObject manifest = preview.Manifest;
        string folder = request.Folder;
        UploadSplit? split = null;
        Directory.CreateDirectory(request.Output);
        if (request.Eval is null)
        {
            split = Split(manifest, train, request.Output);
            manifest["eval"] = EvalName(train);
            folder = request.Output;
        }

        WriteManifest(request.Output, manifest);
        Dataset dataset = ReadRows(folder, manifest);
        if (split is not null && (dataset.Entry.TrainRows != split.TrainRows || dataset.Entry.EvalRows != split.EvalRows))
        {
            throw UploadedText.Refused(
                $"{request.Name}/{train.Name} has different kinds of line ends inside and between its rows and cannot be split; save it "
                    + "with one kind, or upload a file of evaluation rows.");
        }

        dataset.RequireTrainable();
        string[] files = [train.Name, split is null ? request.Eval! : EvalName(train)];
        datasets.Remember(
            dataset.Entry, [Path.Combine(request.Output, DatasetManifest.FileName), .. files.Select(file => Path.Combine(folder, file))]);
        return preview with
        {
            Manifest = manifest,
            Entry = dataset.Entry,
            Split = split,
            Warnings = new UploadWarnings(dataset).Of(request.Model, models),
            Rows = dataset.Rows(evaluation: false, 0, SampleRows),
        };
    }

    /// <summary>Reads the rows as a run would, from a manifest that is complete on disk.</summary>
    private Dataset ReadRows(string folder, JsonObject manifest)
    {
        DatasetManifest read = DatasetManifest.Parse(request.Name, manifest);
        return TaskRegistry.Default.Of(read).Read(request.Name, folder, read);
    }

    private UploadSplit Split(JsonObject manifest, UploadedFile train, string output)
    {
        // All rows are read as training rows first; a classification needs an evaluation file, which is the same here.
        JsonObject whole = manifest.DeepClone().AsObject();
        whole["eval"] = (string?)(whole["task"] as JsonValue) == TaskDescriptors.Completion.Id ? null : train.Name;
        Dataset all = ReadRows(request.Folder, whole);
        IReadOnlyList<int> lines = all switch
        {
            ClassificationDataset labeled => labeled.Sources[0].Lines,
            CompletionDataset texts => texts.TrainSource!.Lines,
            _ => [],
        };
        IReadOnlySet<int> evaluated = EvaluationSplit.Choose(all, request.Seed);
        if (evaluated.Count == 0 || evaluated.Count == lines.Count)
        {
            throw RunFailure.BadData(
                $"{request.Name}/{train.Name} has too few different texts to split off evaluation rows; upload more rows, or a file of "
                    + "evaluation rows.",
                "dataset");
        }

        EvaluationSplit.Write(
            train, lines, evaluated, Path.Combine(output, train.Name), Path.Combine(output, EvalName(train)));
        return new UploadSplit(request.Seed, lines.Count - evaluated.Count, evaluated.Count);
    }

    private static string EvalName(UploadedFile train) => $"eval.{train.Format}";

    private static void WriteManifest(string folder, JsonObject manifest) => DurableFile.WriteAllText(
        Path.Combine(folder, DatasetManifest.FileName), manifest.ToJsonString(ContractJson.Indented) + "\n");
}
