using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>Shared state of the form's components: the specification, the server's validation messages, and a change callback.</summary>
public sealed class SpecFormContext
{
    private readonly Action _changed;

    internal SpecFormContext(SpecForm form, Action changed)
    {
        Form = form;
        _changed = changed;
    }

    internal SpecForm Form { get; }

    /// <summary>Looks up the chosen dataset; null: it is not found.</summary>
    internal Func<DatasetEntry?> Dataset { get; init; } = () => null;

    /// <summary>Looks up the chosen method; null: it is not found.</summary>
    internal Func<MethodDescriptor?> Method { get; init; } = () => null;

    /// <summary>The task of the chosen dataset.</summary>
    internal TaskDescriptor Task => TaskDescriptors.Of(Dataset()?.Task, Dataset()?.Metric);

    /// <summary>In a clone, the values that the run used for the fields that it left open (auto, or empty), as text.</summary>
    internal IReadOnlyDictionary<string, string> UsedByClone { get; set; } = new Dictionary<string, string>();

    /// <summary>Validation messages by JSON field name.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<string>> AllErrors { get; set; } = new Dictionary<string, IReadOnlyList<string>>();

    internal IReadOnlyList<string> Errors(string field) =>
        AllErrors.TryGetValue(field, out IReadOnlyList<string>? messages) ? messages : [];

    internal bool Differs(string field) => !JsonNode.DeepEquals(Form.Values[field], SpecFieldCatalog.Default.Defaults[field]);

    /// <summary>
    /// Whether the task of the chosen dataset and the method have the field; a field that belongs to no task applies to all.
    /// </summary>
    internal bool Applies(string field) => Differs(field)
        || ((Task.Fields.Contains(field) || !TaskDescriptors.All.Any(task => task.Fields.Contains(field)))
            && Method()?.UnusedFields.Contains(field) != true);

    /// <summary>
    /// The input of a field in the words of the task, with the value that a cloned run used where it left the field open.
    /// </summary>
    internal FormField Worded(FormField field)
    {
        FormField worded = OfTask(field);
        return UsedByClone.TryGetValue(field.Name, out string? used) && !Differs(field.Name)
            ? worded with { Help = worded.Help is null ? $"That run used {used}" : $"{worded.Help} (that run used {used})" }
            : worded;
    }

    private FormField OfTask(FormField field) => Task.Id == TaskDescriptors.Classification.Id ? field : field with
    {
        Label = Worded(field.Label),
        Help = field.Help is null ? null : Worded(field.Help),
    };

    private string Worded(string text) => text.Replace("sentence", Task.RowName, StringComparison.Ordinal)
        .Replace("Sentence", char.ToUpperInvariant(Task.RowName[0]) + Task.RowName[1..], StringComparison.Ordinal);

    /// <summary>Chooses a dataset: fields of other tasks, and a prompt over other columns, go back to their defaults.</summary>
    internal void ChooseDataset(string? name)
    {
        IReadOnlyList<string> columns = Dataset()?.Columns ?? [];
        Form.Set("dataset", name);
        if (Dataset() is not DatasetEntry { Usable: true } entry)
        {
            return;
        }

        foreach (string field in TaskDescriptors.All.SelectMany(task => task.Fields).Where(field => !Task.Fields.Contains(field)))
        {
            Form.Set(field, SpecFieldCatalog.Default.Defaults[field]?.DeepClone());
        }

        if (!columns.SequenceEqual(entry.Columns))
        {
            Form.Set("prompt", null);
        }
    }

    internal void Changed() => _changed();
}
