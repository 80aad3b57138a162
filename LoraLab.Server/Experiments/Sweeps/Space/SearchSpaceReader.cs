using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>Reads the search space of a plan and reports all its errors at once.</summary>
internal sealed class SearchSpaceReader
{
    private readonly SweepPlan _plan;
    private readonly IReadOnlyList<MethodDescriptor> _methods;
    private readonly List<FieldError> _errors;
    private readonly Dictionary<string, double> _constants = [];

    private SearchSpaceReader(SweepPlan plan, IReadOnlyList<MethodDescriptor> methods, List<FieldError> errors) =>
        (_plan, _methods, _errors) = (plan, methods, errors);

    /// <summary>The search space; null if there are errors.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="known">All methods.</param>
    /// <param name="errors">Receives the errors.</param>
    public static SearchSpace? Read(SweepPlan plan, IReadOnlyList<MethodDescriptor> known, List<FieldError> errors) =>
        new SearchSpaceReader(plan, MethodsOf(plan, known), errors).Read();

    /// <summary>Rebuilds the search space of a plan that was read before.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="constants">Its <see cref="SearchSpace.Constants"/>.</param>
    public static SearchSpace Rebuild(SweepPlan plan, IReadOnlyDictionary<string, double> constants)
    {
        Dimension[] dimensions = [.. plan.Space.Select(field => new Dimension(field.Field, field.Range)
        {
            Choices = field.Values ?? [],
            Low = field.Low ?? 0,
            High = field.High ?? 0,
            Steps = field.Steps,
        })];
        Constraint[] constraints = [.. plan.Constraints.Select(text => ConstraintParser.Parse(text, name =>
            constants.TryGetValue(name, out double value) ? new ConstraintOperand(value, null) : ConstraintOperand.Searched))];
        return new SearchSpace(dimensions, constraints, constants);
    }

    /// <summary>The methods that the plan's runs can have.</summary>
    public static IReadOnlyList<MethodDescriptor> MethodsOf(SweepPlan plan, IReadOnlyList<MethodDescriptor> known)
    {
        IReadOnlyList<JsonNode?> ids = plan.Space.FirstOrDefault(field => field?.Field == "method")?.Values
            ?? [SpecFields.Default.ValueIn(plan.Spec, "method", [])];
        HashSet<string> named = [.. ids.Select(id => id?.GetValueKind() == JsonValueKind.String ? id.GetValue<string>() : "")];
        return [.. known.Where(method => named.Contains(method.Id))];
    }

    private SearchSpace? Read()
    {
        int before = _errors.Count;
        if (_plan.Space.Count is 0 or > SweepLimits.Fields)
        {
            _errors.Add(new FieldError("space", _plan.Space.Count == 0
                ? "space is empty; name at least one field to search."
                : $"space has {_plan.Space.Count} fields; at most {SweepLimits.Fields} can be searched at once."));
        }

        List<Dimension> dimensions = [.. _plan.Space.Take(SweepLimits.Fields).Select(Read).OfType<Dimension>()];
        foreach (IGrouping<string, Dimension> twice in dimensions.GroupBy(dimension => dimension.Field).Where(group => group.Count() > 1))
        {
            _errors.Add(new FieldError("space", $"{twice.Key} is in space {twice.Count()} times; list it once."));
        }

        if (_plan.Constraints.Count > SweepLimits.Constraints)
        {
            _errors.Add(new FieldError(
                "constraints", $"There are {_plan.Constraints.Count} constraints; at most {SweepLimits.Constraints} are allowed."));
        }

        // An invalid field would be reported again for each constraint.
        List<Constraint> constraints = _errors.Count > before
            ? []
            : [.. _plan.Constraints.Select((text, index) => Read(text, index, dimensions)).OfType<Constraint>()];
        return _errors.Count > before ? null : new SearchSpace(dimensions, constraints, _constants);
    }

    private Dimension? Read(SweepField? field, int index)
    {
        string place = $"space[{index}]";
        if (field is null || string.IsNullOrWhiteSpace(field.Field))
        {
            return Error(place, $"{place} has no field name; set field.");
        }

        if (SpecFields.Default.RefusalReason(field.Field, _methods) is { } problem)
        {
            return Error($"{place}.field", $"{place}: {problem}");
        }

        FieldType type = SpecFields.Default.TypeOf(field.Field, _methods);
        return field.Range == SweepRange.Choice ? Choice(place, field, type) : Range(place, field, type);
    }

    private Dimension? Choice(string place, SweepField field, FieldType type)
    {
        if (field.Low is not null || field.High is not null || field.Steps is not null)
        {
            return Error(place, $"{place}: {field.Field} is a choice, which takes values but not low, high or steps; for a range, "
                + "set range to uniform, logUniform or integer.");
        }

        if (field.Values is not { Count: > 0 and <= SweepLimits.Choices } values)
        {
            return Error($"{place}.values", field.Values is { Count: > 0 }
                ? $"{place}: {field.Field} has {field.Values.Count} values; at most {SweepLimits.Choices} are allowed."
                : $"{place}: {field.Field} has no values; list at least one.");
        }

        for (int i = 0; i < values.Count; i++)
        {
            if (!type.Accepts(values[i]))
            {
                return Error($"{place}.values", $"{place}: {field.Field} must be {type.Expected}; value {i + 1} is {Shorten(values[i])}.");
            }

            if (values.Take(i).Any(earlier => JsonNode.DeepEquals(earlier, values[i])))
            {
                return Error($"{place}.values", $"{place}: {field.Field} lists the value {Shorten(values[i])} twice.");
            }
        }

        return new Dimension(field.Field, SweepRange.Choice) { Choices = values };
    }

    private Dimension? Range(string place, SweepField field, FieldType type)
    {
        string range = JsonNamingPolicy.CamelCase.ConvertName(field.Range.ToString());
        if (!type.IsNumber)
        {
            return Error(
                $"{place}.range", $"{place}: {field.Field} is {type.Expected} and cannot be {range}; list its values as a choice.");
        }

        if (type.IsInteger && field.Range != SweepRange.Integer)
        {
            return Error(
                $"{place}.range",
                $"{place}: {field.Field} is an integer and cannot be {range}; set range to integer, or list its values as a choice.");
        }

        if (field.Values is not null)
        {
            return Error($"{place}.values", $"{place}: {field.Field} is {range}, which takes low and high but not values.");
        }

        if (field.Low is not { } low || field.High is not { } high || !double.IsFinite(low) || !double.IsFinite(high))
        {
            return Error(place, $"{place}: {field.Field} is {range}; set low and high.");
        }

        if (low > high)
        {
            return Error($"{place}.low", $"{place}: {field.Field} has low {Text(low)} above high {Text(high)}; swap them.");
        }

        if (!double.IsFinite(high - low))
        {
            return Error(place, $"{place}: the range of {field.Field}, from {Text(low)} to {Text(high)}, is too wide.");
        }

        if (field.Range == SweepRange.LogUniform && low <= 0)
        {
            return Error($"{place}.low", $"{place}: {field.Field} is logUniform, so low must be above 0; it is {Text(low)}.");
        }

        if (field.Range == SweepRange.Integer
            && (!double.IsInteger(low) || !double.IsInteger(high) || Math.Max(Math.Abs(low), Math.Abs(high)) > int.MaxValue))
        {
            return Error(
                place, $"{place}: {field.Field} is integer, so low and high must be integers; they are {Text(low)} and {Text(high)}.");
        }

        if (field.Steps is < 1 or > SweepLimits.Steps)
        {
            return Error($"{place}.steps", $"{place}: {field.Field} has steps {field.Steps}; it must be from 1 to {SweepLimits.Steps}.");
        }

        return _plan.Sampler == SweepSampler.Grid && field.Steps is null
            && (field.Range != SweepRange.Integer || high - low >= SweepLimits.Steps)
            ? Error($"{place}.steps", $"{place}: a grid needs the number of values of {field.Field}; set steps.")
            : new Dimension(field.Field, field.Range) { Low = low, High = high, Steps = field.Steps };
    }

    private Constraint? Read(string? text, int index, List<Dimension> dimensions)
    {
        try
        {
            Constraint constraint = ConstraintParser.Parse(text ?? "", name => Resolve(name, dimensions));
            if (constraint.Fields.Count > 0)
            {
                return constraint;
            }

            _errors.Add(new FieldError(
                $"constraints[{index}]",
                $"constraints[{index}]: '{constraint.Text}' has no searched field, so it is the same for every run; remove it."));
        }
        catch (FormatException error)
        {
            _errors.Add(new FieldError($"constraints[{index}]", $"constraints[{index}]: {error.Message}"));
        }

        return null;
    }

    private ConstraintOperand Resolve(string name, List<Dimension> dimensions)
    {
        if (dimensions.FirstOrDefault(dimension => dimension.Field == name) is { } searched)
        {
            return !searched.IsChoice || searched.Choices.Any(value => SpecFields.Number(value) is not null)
                ? ConstraintOperand.Searched
                : new ConstraintOperand(null, "none of its values is a number");
        }

        return SpecFields.Default.RefusalReason(name, _methods) is not null ? new ConstraintOperand(
            null, $"no such field; the searched fields are {string.Join(", ", dimensions.Select(dimension => dimension.Field))}")
            : SpecFields.Number(SpecFields.Default.ValueIn(
                _plan.Spec, name, _methods)) is { } value ? new ConstraintOperand(_constants[name] = value, null)
            : new ConstraintOperand(null, "it is not searched and has no number in spec");
    }

    private Dimension? Error(string field, string message)
    {
        _errors.Add(new FieldError(field, message));
        return null;
    }

    private static string Shorten(JsonNode? value)
    {
        const int MaxLength = 60;
        string text = value?.ToJsonString() ?? "null";
        return text.Length <= MaxLength ? text : text[..MaxLength] + "…";
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
