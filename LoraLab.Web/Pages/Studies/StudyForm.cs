using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Studies;

/// <summary>
/// A plan while it is being written: what differs from its ground, which is the template as the server completes it for model, data and profile.
/// What is wrong stays as it was typed, so that the server can say what is wrong with it.
/// </summary>
internal sealed class StudyForm
{
    /// <summary>Fields that the shared form has and a study sets itself.</summary>
    private static readonly HashSet<string> s_ofTheStudy = ["orderSeed", "evalSplit"];

    private static readonly HashSet<string> s_shown =
    [
        .. new[] { Data, Adapter, Optimisation, Evaluation }.SelectMany(fields => fields).Select(field => field.Name), "prompt", "targetModules",
    ];

    private readonly Dictionary<string, JsonNode> _head = [];
    private JsonObject _groundSpec = [];
    private JsonArray _groundMethods = [];
    private JsonArray? _ownMethods;
    private string _groundSelection = "selectionSplit";

    internal static IReadOnlyList<FormField> Data => [.. FormFields.Data.Where(one => !s_ofTheStudy.Contains(one.Name))];

    internal static IReadOnlyList<FormField> Adapter => FormFields.Adapter;

    internal static IReadOnlyList<FormField> Optimisation => FormFields.Optimisation;

    internal static IReadOnlyList<FormField> Evaluation => [.. FormFields.Evaluation.Where(one => !s_ofTheStudy.Contains(one.Name))];

    /// <summary>The shared protocol; its start is the ground's.</summary>
    internal SpecForm Protocol { get; } = new();

    /// <summary>Fields of the protocol that have no control here, from a file or a clone.</summary>
    internal JsonObject Others { get; private set; } = [];

    internal List<MethodDraft> Methods { get; private set; } = [];

    /// <summary>Seeds as they are typed; empty: the ground's.</summary>
    internal string Seeds { get; set; } = "";

    internal string GroundSeeds { get; private set; } = "";

    internal string? Template => Head("template");

    internal string? Size => Head("size");

    internal string Model => Head("model") ?? "sample";

    internal string Dataset => Head("dataset") ?? "sample";

    internal string? Head(string member) => _head.TryGetValue(member, out JsonNode? value) ? JsonFormat.Show(value) : null;

    internal void SetHead(string member, string? value)
    {
        _head.Remove(member);
        if (member == "model")
        {
            // The target modules that are offered are the model's.
            Protocol.Set(member, value);
        }

        if (!string.IsNullOrEmpty(value))
        {
            _head[member] = JsonValue.Create(value);
        }
    }

    internal string Selection => Head("selection") ?? _groundSelection;

    /// <summary>Starts over from a plan as it would be sent.</summary>
    internal void Start(JsonObject plan)
    {
        _head.Clear();
        foreach ((string member, JsonNode? value) in plan)
        {
            if (value is not null && member is not ("seeds" or "spec" or "methods" or "schemaVersion"))
            {
                _head[member] = value.DeepClone();
            }
        }

        Seeds = plan["seeds"] is JsonArray seeds ? string.Join(", ", seeds.Select(JsonFormat.Show)) : "";
        Methods = [];
        _ownMethods = (JsonArray?)(plan["methods"] as JsonArray)?.DeepClone();
        JsonObject spec = plan["spec"] as JsonObject ?? [];
        Others = Copy(spec.Where(field => !s_shown.Contains(field.Key)));
        Protocol.Start(null);
        Ground(null);
        Protocol.Apply(Copy(spec.Where(field => s_shown.Contains(field.Key))).ToJsonString(ContractJson.Options));
    }

    /// <summary>What the ground follows from; null: the plan is whole and stands on the contract's defaults.</summary>
    internal JsonObject? GroundQuestion()
    {
        if (Template is null)
        {
            return null;
        }

        JsonObject question = [];
        foreach (string member in (string[])["template", "size", "model", "dataset", "profile"])
        {
            if (_head.TryGetValue(member, out JsonNode? value))
            {
                question[member] = value.DeepClone();
            }
        }

        return question;
    }

    /// <summary>Takes another ground; what was changed stays changed.</summary>
    internal void Ground(StudyPlan? plan)
    {
        string? changes = Protocol.Changes();
        JsonArray? own = OwnMethods();
        _groundSpec = plan?.Spec ?? [];
        _groundMethods = new JsonArray([.. (plan?.Methods ?? []).Select(method => MethodDraft.Read(JsonSerializer.SerializeToNode(method, ContractJson.Options))?.ToJson())]);
        _groundSelection = plan?.Selection == StudySelection.None ? "none" : "selectionSplit";
        GroundSeeds = string.Join(", ", plan?.Seeds ?? []);
        Protocol.Start(GroundSpec());
        Protocol.Apply(changes);
        Methods = [.. (own ?? _groundMethods).Select(MethodDraft.Read).OfType<MethodDraft>()];
        _ownMethods = own;
    }

    /// <summary>The plan as it is sent: the ground's names, and what differs from it.</summary>
    internal JsonObject Plan()
    {
        JsonObject plan = [];
        foreach (string member in (string[])["name", "notes", "template", "size", "model", "dataset", "profile"])
        {
            if (_head.TryGetValue(member, out JsonNode? value))
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
        foreach ((string field, JsonNode? value) in Others)
        {
            spec[field] = value?.DeepClone();
        }

        // A plan without a template has no other place for its protocol, so that all of it is said.
        if (spec.Count > 0 || Template is null)
        {
            plan["spec"] = spec;
        }

        if (Head("selection") is string selection && selection != _groundSelection)
        {
            plan["selection"] = selection;
        }

        if (OwnMethods() is JsonArray methods)
        {
            plan["methods"] = methods;
        }

        return plan;
    }

    /// <summary>The methods where they are not the ground's.</summary>
    private JsonArray? OwnMethods()
    {
        if (Methods.Count == 0)
        {
            return _ownMethods;
        }

        JsonArray methods = new([.. Methods.Where(method => method.On).Select(method => (JsonNode)method.ToJson())]);
        return Canonical(methods) == Canonical(_groundMethods) ? null : methods;
    }

    /// <summary>1e-3 and 0.001 are the same rate.</summary>
    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject members => $"{{{string.Join(',', members.Select(member => $"{member.Key}:{Canonical(member.Value)}"))}}}",
        JsonArray items => $"[{string.Join(',', items.Select(Canonical))}]",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.ToJsonString(),
        _ => JsonFormat.Show(node),
    };

    private RunSpec GroundSpec()
    {
        JsonObject spec = (JsonObject)JsonSerializer.SerializeToNode(new RunSpec { Model = Model, Dataset = Dataset }, ContractJson.Options)!;
        foreach ((string field, JsonNode? value) in _groundSpec.Where(field => s_shown.Contains(field.Key)))
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
