using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Data.Presets;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>Checks a manifest, as far as this needs no other file.</summary>
/// <param name="name">Name of the dataset, for messages.</param>
/// <param name="manifest">Its manifest.</param>
internal sealed class ManifestCheck(string name, DatasetManifest manifest)
{
    private static string[] Presets => [.. DatasetPresets.All.Select(known => known.Name)];

    /// <summary>Checks all members.</summary>
    /// <exception cref="RunFailure">A member is invalid; field <c>dataset</c>.</exception>
    public void Run()
    {
        string[] tasks = [.. TaskDescriptors.All.Select(task => task.Id)];
        Require(
            tasks.Contains(manifest.Task, StringComparer.Ordinal),
            $"'task' is '{Excerpt.Of($"{manifest.Task}")}', but must be {string.Join(" or ", tasks)}");
        Require(
            manifest.Preset is null || DatasetPresets.Find(manifest.Preset) is not null,
            $"the preset '{Excerpt.Of($"{manifest.Preset}")}' is not known{Suggestion(manifest.Preset ?? "", Presets)}");
        CheckLabels();
        Require(
            manifest.Delimiter is null
                || (manifest.Delimiter is [char only] && !char.IsSurrogate(only) && only is not ('"' or '\r' or '\n')),
            $"'delimiter' must be a single character, such as \";\" or \"\\t\"; it is '{Excerpt.Of($"{manifest.Delimiter}")}'");
        CheckColumns();
        CheckFiles();
        Require(manifest.Prompt is null || !string.IsNullOrWhiteSpace(manifest.Prompt), "'prompt' is empty; give a template, or remove it");
    }

    /// <summary>The key of the named metric; null: none is named.</summary>
    /// <exception cref="RunFailure">The task does not measure it; field <c>dataset</c>.</exception>
    public string? MetricKey()
    {
        if (manifest.Metric is not string named)
        {
            return null;
        }

        DatasetPreset? preset = manifest.Preset is null ? null : DatasetPresets.Find(manifest.Preset);
        IReadOnlyList<MetricDescriptor> measured = TaskDescriptors.Of(preset?.Task ?? manifest.Task).Metrics;
        MetricDescriptor? metric = measured.FirstOrDefault(metric => metric.Key == named || metric.ShortKey == named);
        Require(
            metric is not null,
            $"the metric '{Excerpt.Of(named)}' is not known{Suggestion(named, [.. measured.Select(known => known.Key)])}");
        int labels = (preset?.Labels ?? manifest.Labels).Count;
        Require(
            metric!.Key != MetricKeys.EvalF1 || labels == 2,
            $"the metric '{Excerpt.Of(named)}' is the F1 score of the second of two labels, but there are {labels}; "
                + $"use {MetricKeys.EvalMacroF1} or {MetricKeys.EvalWeightedF1}");
        return metric.Key;
    }

    private void CheckLabels()
    {
        Require(
            manifest.Labels is { Count: >= DatasetManifest.MinLabels and <= DatasetManifest.MaxLabels },
            $"'labels' must list {DatasetManifest.MinLabels} to {DatasetManifest.MaxLabels} label words; "
                + $"it has {manifest.Labels?.Count ?? 0}");
        Require(
            manifest.Labels!.All(label => !string.IsNullOrWhiteSpace(label) && label == label.Trim()),
            "each of 'labels' must be a word without leading or trailing spaces");
        string? control = manifest.Labels!.FirstOrDefault(label => label.Any(char.IsControl));
        Require(
            control is null,
            $"the label '{Excerpt.Of(control ?? "")}' has a tab, a line break or another control character; use one without");
        Require(
            manifest.Labels!.Distinct(StringComparer.Ordinal).Count() == manifest.Labels!.Count, "'labels' lists the same word twice");
        Require(
            manifest.LabelValues is not { Count: 0 },
            "'labelValues' is empty; give the label word of each value in the files, or remove it");
        int most = SelectionRule.MaxRows / manifest.Labels.Count * manifest.Labels.Count;
        Require(
            manifest.Selection is null || manifest.Selection.MinRows <= most,
            $"'selection' has minRows {manifest.Selection?.MinRows}, but the split has at most {most} rows, equally many per label");
        foreach ((string raw, string label) in manifest.LabelValues ?? new Dictionary<string, string>())
        {
            Require(
                raw == raw.Trim() && raw.Length > 0,
                $"'labelValues' has the value '{Excerpt.Of(raw)}', but labels are read without the spaces around them; remove those");
            Require(
                manifest.Labels.Contains(label),
                $"'labelValues' maps '{Excerpt.Of(raw)}' to '{Excerpt.Of($"{label}")}', which is not one of 'labels'");
        }
    }

    private void CheckColumns()
    {
        DatasetManifest defaults = new();
        Require(
            manifest.Columns is null || manifest.SentenceColumn == defaults.SentenceColumn,
            "'columns' and 'sentenceColumn' exclude each other; list all text columns in 'columns'");
        Require(manifest.Columns is not { Count: 0 }, "'columns' is empty; list the text columns, or remove it");
        foreach (TextColumn text in manifest.Columns ?? [])
        {
            Require(
                TextColumn.IsName(text.Name),
                $"'columns' has the name '{Excerpt.Of($"{text.Name}")}', which a prompt cannot have in braces; give the column another "
                    + "name, {\"name\": \"column\"}, that is not \"label\" and has no braces, line breaks or spaces around it");
            Require(
                manifest.Texts.Count(other => other.Name == text.Name) == 1,
                $"'columns' has the name '{Excerpt.Of(text.Name)}' twice");
        }

        string textKey = manifest.Columns is null ? "sentenceColumn" : "columns";
        List<(string Key, Column Column)> columns = [.. manifest.Texts.Select(text => (textKey, text.Column))];
        (string Key, Column? Column)[] completion =
        [
            ("promptColumn", manifest.PromptColumn), ("completionColumn", manifest.CompletionColumn), ("textColumn", manifest.TextColumn),
            ("messagesColumn", manifest.MessagesColumn),
        ];
        if (manifest.Task == TaskDescriptors.Completion.Id)
        {
            (string Key, bool Given)[] labeled =
            [
                ("labels", manifest.Labels is not null && !manifest.Labels.SequenceEqual(defaults.Labels)),
                ("labelColumn", manifest.LabelColumn != defaults.LabelColumn), ("labelValues", manifest.LabelValues is not null),
                ("sentenceColumn", manifest.SentenceColumn != defaults.SentenceColumn),
            ];
            string? foreign = Array.Find(labeled, entry => entry.Given).Key;
            Require(foreign is null, $"'{foreign}' belongs to the task classification; remove it, or \"task\"");
            columns =
            [
                .. manifest.Columns is null ? [] : columns,
                .. completion.Where(entry => entry.Column is not null).Select(entry => (entry.Key, entry.Column!)),
            ];
        }
        else
        {
            Require(
                Array.Find(completion, entry => entry.Column is not null).Key is null,
                $"'{Array.Find(completion, entry => entry.Column is not null).Key}' belongs to the task completion; "
                    + "add \"task\": \"completion\", or remove it");
            columns.Add(("labelColumn", manifest.LabelColumn));
        }

        for (int i = 0; i < columns.Count; i++)
        {
            CheckColumn(columns[i].Key, columns[i].Column);
            int same = columns.FindIndex(0, i, other => other.Column == columns[i].Column);
            Require(
                same < 0,
                same >= 0 && columns[same].Key == columns[i].Key
                    ? $"'{columns[i].Key}' names the column '{Excerpt.Of(columns[i].Column.Name)}' twice; give each its own column"
                    : $"'{columns[Math.Max(same, 0)].Key}' and '{columns[i].Key}' are the same; give each its own column");
        }
    }

    private void CheckColumn(string key, Column? column)
    {
        Require(!string.IsNullOrEmpty(column?.Name), $"'{key}' is empty");
        Require(column!.Number is not < 1, $"'{key}' is {column.Number}, but columns are counted from 1");
        string? keyed = manifest.Files.FirstOrDefault(file => !string.IsNullOrEmpty(file) && manifest.HasKeys(file));
        Require(
            keyed is null || (column.Number is null && manifest.Header && manifest.Delimiter is null && manifest.Quoting is null),
            $"a {manifest.FormatOf(keyed ?? "")} file has keys, so 'header', 'delimiter', 'quoting' and columns by number do not apply to "
                + "it; remove them");
        Require(
            manifest.Header || column.AsNumber().Number is >= 1,
            $"'header' is false, so '{key}' must be the number of a column, the first of which is 1; it is '{Excerpt.Of(column.Name)}'");
    }

    private void CheckFiles()
    {
        Require(
            manifest.Eval is not null || manifest.Task != TaskDescriptors.Classification.Id,
            "'eval' is null, but a classification needs a file of evaluation rows; name one, which may be the training file");
        foreach ((string key, string? file) in new[]
        {
            ("train", manifest.Train), ("eval", manifest.Eval ?? manifest.Train), ("selection", manifest.Selection?.File ?? manifest.Train),
        })
        {
            Require(IsInside(file), $"'{key}' must name a file in the dataset's own folder; it is '{Excerpt.Of($"{file}")}'");
            string format = manifest.FormatOf(file!);
            Require(
                format is "csv" or "tsv" or "jsonl" or "json" or "parquet",
                $"the format '{Excerpt.Of(format)}' of '{Excerpt.Of(file!)}' is not supported; {ManifestMessage.CureOf(format)}");
        }
    }

    private static string Suggestion(string name, string[] known) =>
        NearestName.Of(name, known) is string nearest ? $"; did you mean '{nearest}'?" : $"; known are {string.Join(", ", known)}";

    private static bool IsInside(string? file) =>
        !string.IsNullOrWhiteSpace(file) && file.AsSpan().IndexOfAny("/\\:") < 0 && file is not ("." or "..");

    private void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw RunFailure.BadData($"{DatasetManifest.FileName} of dataset '{name}': {problem}.", "dataset");
        }
    }
}
