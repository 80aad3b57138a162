using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;

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

    /// <summary>Validation messages by JSON field name.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<string>> AllErrors { get; set; } = new Dictionary<string, IReadOnlyList<string>>();

    internal IReadOnlyList<string> Errors(string field) =>
        AllErrors.TryGetValue(field, out IReadOnlyList<string>? messages) ? messages : [];

    internal bool Differs(string field) => !JsonNode.DeepEquals(Form.Values[field], SpecFieldCatalog.Default.Defaults[field]);

    internal void Changed() => _changed();
}
