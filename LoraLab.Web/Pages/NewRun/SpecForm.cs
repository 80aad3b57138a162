using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>
/// The specification while it is being edited: plain JSON, so that it can hold invalid values as typed and the server can report
/// the errors.
/// </summary>
internal sealed class SpecForm
{
    private static readonly JsonObject _contractDefaults = SpecFieldCatalog.Default.Defaults;

    private readonly Dictionary<string, JsonNode> _optionsOfOtherMethods = [];
    private readonly Dictionary<string, (string Text, JsonNode Value)> _typed = [];
    private JsonObject _base = Copy(_contractDefaults);

    internal JsonObject Values { get; private set; } = Copy(_contractDefaults);

    internal string Method => Text("method");

    /// <summary>Starts from the contract's defaults, or from a run's specification.</summary>
    internal void Start(RunSpec? from)
    {
        _base = from is null ? Copy(_contractDefaults) : SpecFieldCatalog.ToJson(from);
        Values = Copy(_base);
    }

    /// <summary>Applies changes from the page's URL.</summary>
    internal void Apply(string? changes)
    {
        if (string.IsNullOrEmpty(changes))
        {
            return;
        }

        try
        {
            foreach ((string field, JsonNode? value) in JsonNode.Parse(changes)?.AsObject() ?? [])
            {
                if (_base.ContainsKey(field))
                {
                    Values[field] = value?.DeepClone();
                }
            }
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // A truncated URL: the form starts without the changes.
        }
    }

    /// <summary>The changes since the start, for the page's URL; null: none.</summary>
    internal string? Changes() => Difference(_base) is { Count: > 0 } changes ? changes.ToJsonString(ContractJson.Options) : null;

    /// <summary>The specification without the contract's defaults; model, dataset and method are always included.</summary>
    internal JsonObject Minimal()
    {
        JsonObject difference = Difference(_contractDefaults);
        JsonObject spec = [];
        foreach (string field in (string[])["model", "dataset", "method"])
        {
            spec[field] = Values[field]?.DeepClone();
        }

        foreach ((string field, JsonNode? value) in difference)
        {
            spec[field] = value?.DeepClone();
        }

        return spec;
    }

    /// <summary>The value as typed, or as it is shown if it was not typed.</summary>
    internal string Text(string field) => _typed.TryGetValue(field, out (string Text, JsonNode Value) typed)
        && ReferenceEquals(typed.Value, Values[field])
            ? typed.Text
            : JsonFormat.Show(Values[field]);

    internal void Set(string field, JsonNode? value) => Values[field] = value;

    /// <summary>Sets a field from typed text.</summary>
    internal void SetText(FormField field, string? text)
    {
        string typed = field.Kind == FieldKind.Text ? text ?? "" : (text ?? "").Trim();
        JsonNode? value = typed.Length == 0 && field.Nullable ? null : TypedValue.Of(typed, field.Kind);
        Values[field.Name] = value;
        _typed.Remove(field.Name);
        if (value is JsonArray or JsonObject)
        {
            // A list that is being typed keeps its spaces and its last comma.
            _typed[field.Name] = (text!, value);
        }
    }

    internal JsonNode? Option(string name) => Values["methodOptions"]?[name];

    /// <summary>Sets an option; the method's default is omitted, so that the specification stays short.</summary>
    internal void SetOption(MethodOption option, JsonNode? value)
    {
        JsonObject options = Values["methodOptions"] as JsonObject ?? [];
        JsonObject next = Copy(options);
        next.Remove(option.Name);
        if (value is not null && !JsonNode.DeepEquals(value, option.Default))
        {
            next[option.Name] = value.DeepClone();
        }

        Values["methodOptions"] = next;
    }

    /// <summary>Switches to another method with its own options; a learning rate equal to the former method's default is reset.</summary>
    internal void ChooseMethod(MethodDescriptor? former, MethodDescriptor next)
    {
        if (former is not null)
        {
            _optionsOfOtherMethods[former.Id] = Values["methodOptions"]?.DeepClone() ?? new JsonObject();
            if (Values["learningRate"] is JsonValue rate && rate.TryGetValue(out double value) && value == former.DefaultLearningRate)
            {
                Values["learningRate"] = null;
            }
        }

        Values["method"] = next.Id;
        Values["methodOptions"] = _optionsOfOtherMethods.GetValueOrDefault(next.Id)?.DeepClone() ?? new JsonObject();
        Values["learningRateB"] = next.HasLearningRateB ? Values["learningRateB"]?.DeepClone() : null;
        Values["initFrom"] = next.AllowsInitFrom ? Values["initFrom"]?.DeepClone() : null;
        foreach (string field in next.UnusedFields)
        {
            Values[field] = _contractDefaults[field]?.DeepClone();
        }
    }

    /// <summary>Parses a number; other text stays text.</summary>
    internal static JsonNode Number(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
        {
            return JsonValue.Create(whole);
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : JsonValue.Create(text);
    }

    private JsonObject Difference(JsonObject from)
    {
        JsonObject difference = [];
        foreach ((string field, JsonNode? value) in Values)
        {
            if (!JsonNode.DeepEquals(value, from[field]))
            {
                difference[field] = value?.DeepClone();
            }
        }

        return difference;
    }

    internal static JsonObject Copy(JsonObject source) => (JsonObject)source.DeepClone();
}
