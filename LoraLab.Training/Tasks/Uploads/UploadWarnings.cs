using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tasks.Completion;

namespace LoraLab.Training.Tasks.Uploads;

/// <summary>What a user should look at before training on an uploaded dataset.</summary>
/// <param name="dataset">The dataset.</param>
internal sealed class UploadWarnings(Dataset dataset)
{
    /// <summary>Rows that are encoded with the tokenizer of the chosen model.</summary>
    private const int MaximumEncoded = 20_000;

    private const int MaximumListed = 5;

    /// <summary>Returns the warnings.</summary>
    /// <param name="model">The model whose context the rows must fit; null: none was chosen.</param>
    /// <param name="models">Models by name.</param>
    /// <exception cref="RunFailure">The model cannot be used; field <c>model</c>.</exception>
    public IReadOnlyList<string> Of(string? model, ModelCatalog models)
    {
        List<string> warnings = [];
        if (dataset is ClassificationDataset labeled)
        {
            warnings.AddRange(OfLabels(labeled));
        }

        if (model is not null)
        {
            warnings.AddRange(OfRun(models.Find(model), models));
        }
        else
        {
            warnings.AddRange(dataset.Warnings);
            warnings.AddRange(dataset switch
            {
                ClassificationDataset rows => RowWarnings.Of(rows, rows.Train, rows.Dev, rows.Sources.ElementAtOrDefault(1)),
                CompletionDataset texts => Shared(texts),
                _ => [],
            });
        }

        return [.. warnings.Distinct()];
    }

    /// <summary>What a run with the model would warn of, such as rows that are too long.</summary>
    private IReadOnlyList<string> OfRun(ResolvedModel model, ModelCatalog models)
    {
        RunSpec spec = dataset.Complete(new()
        {
            Model = model.Name,
            Dataset = dataset.Name,
            TrainSamples = MaximumEncoded,
            DataSeed = null,
            EvalSamples = MaximumEncoded,
            TooLong = TooLong.Drop,
        });
        try
        {
            return dataset.Select(spec).Encode(models.Tokenizer(model).Tokenizer, model.Config.LongestText).Warnings;
        }
        catch (RunFailure problem) when (problem.Field != "model")
        {
            return [$"A run of {model.Name} would be refused: {problem.Message}"];
        }
    }

    private static IEnumerable<string> OfLabels(ClassificationDataset labeled)
    {
        int[] evaluated = [.. labeled.Dev.Select(row => row.Label).Distinct()];
        if (evaluated.Length == 1)
        {
            string rows = labeled.Dev.Count == 1 ? "The only evaluation row has"
                : $"All {NumberFormat.Count(labeled.Dev.Count)} evaluation rows have";
            yield return $"{rows} the label '{Excerpt.Of(labeled.Labels[evaluated[0]])}': a model that always predicts it would look "
                + "perfect; use evaluation rows of every label.";
        }

        if (labeled.Labels.All(label => int.TryParse(label, out _)))
        {
            yield return $"The labels are numbers ({Excerpt.Of(labeled.Labels)}): the model scores the text of a label after the prompt, "
                + "so words that say what it means, such as negative and positive, are learned better.";
        }

        (LabeledRow Row, int File)[][] noisy = Noisy(labeled);
        if (noisy.Length > 0)
        {
            string examples = string.Join("; ", noisy.Take(MaximumListed).Select(group =>
                string.Join(" and ", group.DistinctBy(row => row.Row.Label).Take(2).Select(row => Place(labeled, row)))));
            string more = noisy.Length > MaximumListed ? $"; and {NumberFormat.Count(noisy.Length - MaximumListed)} more" : "";
            yield return $"{NumberFormat.Count(noisy.Length, "text")} {(noisy.Length == 1 ? "has" : "have")} different labels in different "
                + $"rows, so that no model can be right in all of them: {examples}{more}.";
        }
    }

    /// <summary>Rows of the same text with different labels, by text; most texts have one label and are not grouped.</summary>
    private static (LabeledRow Row, int File)[][] Noisy(ClassificationDataset labeled)
    {
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        HashSet<string> mixed = new(StringComparer.Ordinal);
        foreach ((LabeledRow row, _) in All(labeled))
        {
            string text = Text(row);
            if (!labels.TryAdd(text, row.Label) && labels[text] != row.Label)
            {
                mixed.Add(text);
            }
        }

        return mixed.Count == 0
            ? []
            : [.. All(labeled).Where(row => mixed.Contains(Text(row.Row))).GroupBy(row => Text(row.Row)).Select(group => group.ToArray())];
    }

    private static IEnumerable<(LabeledRow Row, int File)> All(ClassificationDataset labeled) =>
        labeled.Train.Select(row => (row, 0)).Concat(labeled.Dev.Select(row => (row, 1)));

    private static string Text(LabeledRow row) => string.Join('\u001f', row.Texts.Select(text => text.Trim()));

    private static string Place(ClassificationDataset labeled, (LabeledRow Row, int File) row)
    {
        string label = $"'{Excerpt.Of(labeled.Labels[row.Row.Label])}'";
        return labeled.Sources.ElementAtOrDefault(row.File) is SplitSource source
            ? $"{label} in {SplitSource.Places(source, [row.Row.Row])}"
            : label;
    }

    private static IEnumerable<string> Shared(CompletionDataset texts)
    {
        HashSet<string> evaluated = [.. texts.Dev.Select(row => string.Join('\u001f', row.Texts))];
        HashSet<string> trained = [.. texts.Train.Select(row => string.Join('\u001f', row.Texts)).Where(evaluated.Contains)];
        int[] shared = [.. texts.Dev.Where(row => trained.Contains(string.Join('\u001f', row.Texts))).Select(row => row.Row)];
        if (shared.Length > 0)
        {
            yield return $"{NumberFormat.Count(shared.Length)} of {NumberFormat.Count(texts.Dev.Count)} evaluation rows are the same as a "
                + $"training row, so the evaluation overstates what a run learns: {SplitSource.Places(texts.DevSource, shared)}.";
        }
    }
}
