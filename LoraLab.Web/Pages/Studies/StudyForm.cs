using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Studies;

/// <summary>
/// A plan in the form, stored as its differences from the defaults: the template as completed by the server for model, data and profile.
/// Invalid input is kept as typed, so that the server can report what is wrong with it.
/// </summary>
internal sealed class StudyForm
{
    private static readonly HashSet<string> _formFields =
    [
        .. new[] { Data, Adapter, Optimization, Evaluation }.SelectMany(fields => fields).Select(field => field.Name), "prompt",
        "targetModules",
    ];

    private readonly Dictionary<string, JsonNode> _members = [];
    private JsonObject _defaultSpec = [];
    private JsonArray _defaultMethods = [];
    private JsonArray? _changedMethods;
    private string _defaultSelection = "selectionSplit";

    internal static IReadOnlyList<FormField> Data => FormFields.WithoutSetByStudy(FormFields.Data);

    internal static IReadOnlyList<FormField> Adapter => FormFields.Adapter;

    internal static IReadOnlyList<FormField> Optimization => FormFields.Optimization;

    internal static IReadOnlyList<FormField> Evaluation => FormFields.WithoutSetByStudy(FormFields.Evaluation);

    /// <summary>The shared protocol, which starts from the defaults.</summary>
    internal SpecForm Protocol { get; } = new();

    /// <summary>Protocol fields without a control in this form, from a file or a cloned study.</summary>
    internal JsonObject ExtraFields { get; private set; } = [];

    internal List<MethodDraft> Methods { get; private set; } = [];

    /// <summary>Seeds as typed; empty: the defaults.</summary>
    internal string Seeds { get; set; } = "";

    internal string DefaultSeeds { get; private set; } = "";

    internal string? Template => Member("template");

    internal string? Size => Member("size");

    internal string Model => Member("model") ?? "sample";

    internal string Dataset => Member("dataset") ?? "sample";

    internal string Selection => Member("selection") ?? _defaultSelection;

    /// <summary>JSON names of the fields offered for a grid: numbers, choices and switches of method and optimization.</summary>
    internal static IReadOnlyList<string> GridFields(SpecFieldCatalog catalog) =>
    [
        .. FormFields.Searchable(catalog, SpecGroup.Method, SpecGroup.Optimization)
            .Where(name => catalog[name] is { Attribute.SetByStudy: null } field
                && !field.Has(SpecRoles.GradientNeutral)
                && field.Kind is SpecFieldKind.Integer or SpecFieldKind.Number or SpecFieldKind.Choice or SpecFieldKind.Boolean),
    ];

    internal string? Member(string name) => _members.TryGetValue(name, out JsonNode? value) ? JsonFormat.Show(value) : null;

    internal void SetMember(string name, string? value)
    {
        _members.Remove(name);
        if (name == "model")
        {
            // The form offers the target modules of the model.
            Protocol.Set(name, value);
        }

        if (!string.IsNullOrEmpty(value))
        {
            _members[name] = JsonValue.Create(value);
        }
    }

    /// <summary>Resets the form to a plan in the format of the API.</summary>
    internal void Start(JsonObject plan)
    {
        _members.Clear();
        foreach ((string member, JsonNode? value) in plan)
        {
            if (value is not null && member is not ("seeds" or "spec" or "methods" or "schemaVersion"))
            {
                _members[member] = value.DeepClone();
            }
        }

        Seeds = plan["seeds"] is JsonArray seeds ? string.Join(", ", seeds.Select(JsonFormat.Show)) : "";
        Methods = [];
        _changedMethods = (JsonArray?)(plan["methods"] as JsonArray)?.DeepClone();
        JsonObject spec = plan["spec"] as JsonObject ?? [];
        ExtraFields = Copy(spec.Where(field => !_formFields.Contains(field.Key)));
        Protocol.Start(null);
        SetDefaults(null);
        Protocol.Apply(Copy(spec.Where(field => _formFields.Contains(field.Key))).ToJsonString(ContractJson.Options));
    }

    /// <summary>
    /// The plan that the server completes into the defaults; null: there is no template, so the defaults are those of the contract.
    /// </summary>
    internal JsonObject? DefaultsRequest()
    {
        if (Template is null)
        {
            return null;
        }

        JsonObject request = [];
        foreach (string member in (string[])["template", "size", "model", "dataset", "profile", "parameterBudget"])
        {
            if (_members.TryGetValue(member, out JsonNode? value))
            {
                request[member] = value.DeepClone();
            }
        }

        return request;
    }

    /// <summary>Replaces the defaults and keeps all changes.</summary>
    internal void SetDefaults(StudyPlan? plan)
    {
        string? changes = Protocol.Changes();
        JsonArray? changed = ChangedMethods();
        _defaultSpec = plan?.Spec ?? [];
        _defaultMethods = new JsonArray([.. (plan?.Methods ?? [])
            .Select(method => MethodDraft.TryRead(JsonSerializer.SerializeToNode(method, ContractJson.Options))?.ToJson())]);
        _defaultSelection = plan?.Selection == StudySelection.None ? "none" : "selectionSplit";
        DefaultSeeds = string.Join(", ", plan?.Seeds ?? []);
        Protocol.Start(DefaultSpec());
        Protocol.Apply(changes);
        Methods = [.. (changed ?? _defaultMethods).Select(MethodDraft.TryRead).OfType<MethodDraft>()];
        _changedMethods = changed;
    }

    /// <summary>The plan as submitted: the template with its parameters, and the differences from the defaults.</summary>
    internal JsonObject Plan()
    {
        JsonObject plan = [];
        foreach (string member in (string[])["name", "notes", "template", "size", "model", "dataset", "profile", "parameterBudget"])
        {
            if (_members.TryGetValue(member, out JsonNode? value))
            {
                plan[member] = value.DeepClone();
            }
        }

        if (Seeds.Trim().Length > 0)
        {
            plan["seeds"] = new JsonArray([.. Seeds.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries).Select(SpecForm.Number)]);
        }

        JsonObject spec = Protocol.Changes() is string changes ? (JsonObject)JsonNode.Parse(changes)! : [];
        spec.Remove("model");
        foreach ((string field, JsonNode? value) in ExtraFields)
        {
            spec[field] = value?.DeepClone();
        }

        // Without a template the protocol has no other source, so the plan must contain all of it.
        if (spec.Count > 0 || Template is null)
        {
            plan["spec"] = spec;
        }

        if (Member("selection") is string selection && selection != _defaultSelection)
        {
            plan["selection"] = selection;
        }

        if (ChangedMethods() is JsonArray methods)
        {
            plan["methods"] = methods;
        }

        return plan;
    }

    /// <summary>The methods if they differ from the defaults, else null.</summary>
    private JsonArray? ChangedMethods()
    {
        if (Methods.Count == 0)
        {
            return _changedMethods;
        }

        JsonArray methods = new([.. Methods.Where(method => method.Included).Select(method => (JsonNode)method.ToJson())]);
        return Canonical(methods) == Canonical(_defaultMethods) ? null : methods;
    }

    /// <summary>A canonical form for comparison, in which 1e-3 and 0.001 are equal.</summary>
    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject members => $"{{{string.Join(',', members.Select(member => $"{member.Key}:{Canonical(member.Value)}"))}}}",
        JsonArray items => $"[{string.Join(',', items.Select(Canonical))}]",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.ToJsonString(),
        _ => JsonFormat.Show(node),
    };

    private RunSpec DefaultSpec()
    {
        JsonObject spec = SpecFieldCatalog.ToJson(new RunSpec { Model = Model, Dataset = Dataset });
        foreach ((string field, JsonNode? value) in _defaultSpec.Where(field => _formFields.Contains(field.Key)))
        {
            spec[field] = value?.DeepClone();
        }

        return spec.Deserialize<RunSpec>(ContractJson.Options)!;
    }

    private static JsonObject Copy(IEnumerable<KeyValuePair<string, JsonNode?>> members)
    {
        JsonObject copy = [];
        foreach ((string name, JsonNode? value) in members)
        {
            copy[name] = value?.DeepClone();
        }

        return copy;
    }
}
