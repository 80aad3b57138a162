using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs;

/// <summary>A field of the specification: what its attribute says, and what follows from its property.</summary>
/// <param name="Property">The property.</param>
/// <param name="Attribute">Its description.</param>
public sealed record SpecFieldDescriptor(PropertyInfo Property, SpecFieldAttribute Attribute)
{
    /// <summary>JSON name.</summary>
    public string Name { get; } = JsonNamingPolicy.CamelCase.ConvertName(Property.Name);

    /// <summary>Type of the value, without nullability.</summary>
    public Type Type { get; } = Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>Kind of the value.</summary>
    public SpecFieldKind Kind => Type switch
    {
        { IsEnum: true } => SpecFieldKind.Choice,
        _ when Type == typeof(string) => SpecFieldKind.Text,
        _ when Type == typeof(bool) => SpecFieldKind.Boolean,
        _ when Type == typeof(int) || Type == typeof(long) => SpecFieldKind.Integer,
        _ when Type == typeof(double) => SpecFieldKind.Number,
        _ when Type == typeof(MicroBatch) => SpecFieldKind.AutoOrInteger,
        _ when Type == typeof(TargetModules) => SpecFieldKind.Layers,
        _ when Type == typeof(JsonObject) => SpecFieldKind.Options,
        _ when Type == typeof(IReadOnlyList<int>) => SpecFieldKind.Integers,
        _ when Type == typeof(IReadOnlyDictionary<string, int>) || Type == typeof(IReadOnlyDictionary<string, double>) =>
            SpecFieldKind.Pattern,
        _ => SpecFieldKind.Words,
    };

    /// <summary>
    /// Whether null is a value: a nullable value type, or an object that is null by default. Annotations of objects are not consulted,
    /// because a published dashboard does not have them.
    /// </summary>
    public bool IsNullable => Type != Property.PropertyType || (!Type.IsValueType && Default is null);

    /// <summary>Default value.</summary>
    public JsonNode? Default { get; init; }

    /// <summary>The words of a choice.</summary>
    public IReadOnlyList<string> Choices =>
        Type.IsEnum ? EnumWords.All(Type) : [];

    /// <summary>The group that shows the field.</summary>
    public SpecGroup Group => Attribute.Group;

    /// <summary>What the field affects.</summary>
    public SpecRoles Roles => Attribute.Roles;

    /// <summary>Minimum; null: none.</summary>
    public double? Minimum => Bound(Attribute.Minimum);

    /// <summary>Bound that the value must exceed; null: none.</summary>
    public double? ExclusiveMinimum => Bound(Attribute.ExclusiveMinimum);

    /// <summary>Bound that the value must stay below; null: none.</summary>
    public double? ExclusiveMaximum => Bound(Attribute.ExclusiveMaximum);

    /// <summary>Why a sweep cannot search the field, as a predicate; null: it can.</summary>
    public string? NotSearched =>
        Attribute.NotSearched ?? (Has(SpecRoles.Description) ? "only describes a run and has no effect on its results" : null);

    /// <summary>Whether the field has any of these roles.</summary>
    public bool Has(SpecRoles roles) => (Roles & roles) != 0;

    /// <summary>Whether a specification has the field's default value.</summary>
    /// <param name="value">The value as JSON.</param>
    public bool IsDefault(JsonNode? value) => JsonNode.DeepEquals(value, Default);

    /// <summary>Whether a value was the field's default in earlier versions.</summary>
    /// <param name="value">The value as JSON.</param>
    public bool IsFormerDefault(JsonNode? value) =>
        Attribute.FormerDefault is string former && JsonNode.DeepEquals(value, JsonValue.Create(former));

    /// <summary>The value in a specification.</summary>
    public object? ValueOf(RunSpec spec) => Property.GetValue(spec);

    private static double? Bound(double value) => double.IsNaN(value) ? null : value;
}
