using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>Makes the space of a plan, and says everything that is wrong with it at once.</summary>
internal sealed class SearchSpaceReader
{
    private const int MostFields = 16;
    private const int MostChoices = 500;
    private const int MostConstraints = 32;
    private const int MostSteps = 500;

    private readonly SweepPlan plan;
    private readonly IReadOnlyList<MethodDescriptor> methods;
    private readonly List<FieldError> errors;
    private readonly Dictionary<string, double> constants = [];

    private SearchSpaceReader(SweepPlan plan, IReadOnlyList<MethodDescriptor> methods, List<FieldError> errors) => (this.plan, this.methods, this.errors) = (plan, methods, errors);

    /// <summary>The space; null: there are errors.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="known">All methods.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static SearchSpace? Read(SweepPlan plan, IReadOnlyList<MethodDescriptor> known, List<FieldError> errors) =>
        new SearchSpaceReader(plan, MethodsOf(plan, known), errors).Read();

    /// <summary>The space of a plan that was read before.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="constants">What <see cref="SearchSpace.Constants"/> said then.</param>
    public static SearchSpace Again(SweepPlan plan, IReadOnlyDictionary<string, double> constants)
    {
        Dimension[] dimensions = [.. plan.Space.Select(field => new Dimension(field.Field, field.Range) { Choices = field.Values ?? [], Low = field.Low ?? 0, High = field.High ?? 0, Steps = field.Steps })];
        Constraint[] constraints = [.. plan.Constraints.Select(text => ConstraintParser.Parse(text, name => constants.TryGetValue(name, out double value) ? new ConstraintOperand(value, null) : ConstraintOperand.Searched))];
        return new SearchSpace(dimensions, constraints, constants);
    }

    /// <summary>The methods that runs of the plan can have.</summary>
    public static IReadOnlyList<MethodDescriptor> MethodsOf(SweepPlan plan, IReadOnlyList<MethodDescriptor> known)
    {
        IReadOnlyList<JsonNode?> ids = plan.Space.FirstOrDefault(field => field?.Field == "method")?.Values ?? [SpecFields.ValueIn(plan.Spec, "method", [])];
        HashSet<string> named = [.. ids.Select(id => id?.GetValueKind() == JsonValueKind.String ? id.GetValue<string>() : "")];
        return [.. known.Where(method => named.Contains(method.Id))];
    }

    private SearchSpace? Read()
    {
        int before = errors.Count;
        if (plan.Space.Count is 0 or > MostFields)
        {
            errors.Add(new FieldError("space", plan.Space.Count == 0 ? "space is empty; name at least one field to search." : $"space has {plan.Space.Count} fields; at most {MostFields} can be searched at once."));
        }

        List<Dimension> dimensions = [.. plan.Space.Take(MostFields).Select(Read).OfType<Dimension>()];
        foreach (IGrouping<string, Dimension> twice in dimensions.GroupBy(dimension => dimension.Field).Where(group => group.Count() > 1))
        {
            errors.Add(new FieldError("space", $"{twice.Key} is in the space {twice.Count()} times; name it once."));
        }

        if (plan.Constraints.Count > MostConstraints)
        {
            errors.Add(new FieldError("constraints", $"There are {plan.Constraints.Count} constraints; at most {MostConstraints} are allowed."));
        }

        // Fields that are wrong would be told once more for each constraint.
        List<Constraint> constraints = errors.Count > before ? [] : [.. plan.Constraints.Select((text, index) => Read(text, index, dimensions)).OfType<Constraint>()];
        return errors.Count > before ? null : new SearchSpace(dimensions, constraints, constants);
    }

    private Dimension? Read(SweepField? field, int index)
    {
        string place = $"space[{index}]";
        if (field is null || string.IsNullOrWhiteSpace(field.Field))
        {
            return Wrong(place, $"{place} names no field.");
        }

        if (SpecFields.Problem(field.Field, methods) is { } problem)
        {
            return Wrong($"{place}.field", $"{place}: {problem}");
        }

        FieldType type = SpecFields.TypeOf(field.Field, methods);
        return field.Range == SweepRange.Choice ? Choice(place, field, type) : Range(place, field, type);
    }

    private Dimension? Choice(string place, SweepField field, FieldType type)
    {
        if (field.Low is not null || field.High is not null || field.Steps is not null)
        {
            return Wrong(place, $"{place}: {field.Field} is a choice, which has values and no low, high or steps; for a range set range to uniform, logUniform or integer.");
        }

        if (field.Values is not { Count: > 0 and <= MostChoices } values)
        {
            return Wrong($"{place}.values", field.Values is { Count: > 0 } ? $"{place}: {field.Field} has {field.Values.Count} values; at most {MostChoices} are allowed." : $"{place}: {field.Field} has no values; give at least one.");
        }

        for (int i = 0; i < values.Count; i++)
        {
            if (!type.Takes(values[i]))
            {
                return Wrong($"{place}.values", $"{place}: {field.Field} must be {type.Expected}; value {i + 1} is {Shown(values[i])}.");
            }

            if (values.Take(i).Any(earlier => JsonNode.DeepEquals(earlier, values[i])))
            {
                return Wrong($"{place}.values", $"{place}: {field.Field} has the value {Shown(values[i])} twice.");
            }
        }

        return new Dimension(field.Field, SweepRange.Choice) { Choices = values };
    }

    private Dimension? Range(string place, SweepField field, FieldType type)
    {
        string word = JsonNamingPolicy.CamelCase.ConvertName(field.Range.ToString());
        if (!type.IsNumber)
        {
            return Wrong($"{place}.range", $"{place}: {field.Field} is {type.Expected} and cannot be {word}; give its values as a choice.");
        }

        if (type.IsWhole && field.Range != SweepRange.Integer)
        {
            return Wrong($"{place}.range", $"{place}: {field.Field} is a whole number and cannot be {word}; set range to integer, or give its values as a choice.");
        }

        if (field.Values is not null)
        {
            return Wrong($"{place}.values", $"{place}: {field.Field} is {word}, which has low and high and no values.");
        }

        if (field.Low is not { } low || field.High is not { } high || !double.IsFinite(low) || !double.IsFinite(high))
        {
            return Wrong(place, $"{place}: {field.Field} is {word}; give low and high.");
        }

        if (low > high)
        {
            return Wrong($"{place}.low", $"{place}: {field.Field} has low {Text(low)} above high {Text(high)}.");
        }

        if (!double.IsFinite(high - low))
        {
            return Wrong(place, $"{place}: {field.Field} has a range that is too wide: from {Text(low)} to {Text(high)}.");
        }

        if (field.Range == SweepRange.LogUniform && low <= 0)
        {
            return Wrong($"{place}.low", $"{place}: {field.Field} is logUniform, whose low must be above 0; it is {Text(low)}.");
        }

        if (field.Range == SweepRange.Integer && (!double.IsInteger(low) || !double.IsInteger(high) || Math.Max(Math.Abs(low), Math.Abs(high)) > int.MaxValue))
        {
            return Wrong(place, $"{place}: {field.Field} is integer, whose low and high must be whole numbers; they are {Text(low)} and {Text(high)}.");
        }

        if (field.Steps is < 1 or > MostSteps)
        {
            return Wrong($"{place}.steps", $"{place}: {field.Field} has steps {field.Steps}; it must be from 1 to {MostSteps}.");
        }

        return plan.Sampler == SweepSampler.Grid && field.Steps is null && (field.Range != SweepRange.Integer || high - low >= MostSteps)
            ? Wrong($"{place}.steps", $"{place}: a grid needs to know into how many values it divides {field.Field}; give steps.")
            : new Dimension(field.Field, field.Range) { Low = low, High = high, Steps = field.Steps };
    }

    private Constraint? Read(string? text, int index, List<Dimension> dimensions)
    {
        try
        {
            Constraint constraint = ConstraintParser.Parse(text ?? "", name => Meaning(name, dimensions));
            if (constraint.Fields.Count > 0)
            {
                return constraint;
            }

            errors.Add(new FieldError($"constraints[{index}]", $"constraints[{index}]: '{constraint.Text}' names no searched field, so that it is the same for every run; leave it out."));
        }
        catch (FormatException wrong)
        {
            errors.Add(new FieldError($"constraints[{index}]", $"constraints[{index}]: {wrong.Message}"));
        }

        return null;
    }

    private ConstraintOperand Meaning(string name, List<Dimension> dimensions)
    {
        if (dimensions.FirstOrDefault(dimension => dimension.Field == name) is { } searched)
        {
            return !searched.IsChoice || searched.Choices.Any(value => SpecFields.Number(value) is not null)
                ? ConstraintOperand.Searched
                : new ConstraintOperand(null, "none of its values is a number");
        }

        return SpecFields.Problem(name, methods) is not null ? new ConstraintOperand(null, $"there is no such field; searched are {string.Join(", ", dimensions.Select(dimension => dimension.Field))}")
            : SpecFields.Number(SpecFields.ValueIn(plan.Spec, name, methods)) is { } value ? new ConstraintOperand(constants[name] = value, null)
            : new ConstraintOperand(null, "it is not searched, and spec gives it no number");
    }

    private Dimension? Wrong(string field, string sentence)
    {
        errors.Add(new FieldError(field, sentence));
        return null;
    }

    private static string Shown(JsonNode? value)
    {
        const int Longest = 60;
        string text = value?.ToJsonString() ?? "null";
        return text.Length <= Longest ? text : text[..Longest] + "…";
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
