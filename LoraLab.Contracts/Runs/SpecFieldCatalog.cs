using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs;

/// <summary>The fields of a specification type, read from the attributes of its properties.</summary>
public sealed class SpecFieldCatalog
{
    private static readonly ConcurrentDictionary<Type, SpecFieldCatalog> _byType = [];

    private readonly Dictionary<string, SpecFieldDescriptor> _byName;

    private SpecFieldCatalog(Type type)
    {
        Defaults = ToJson((RunSpec)Activator.CreateInstance(type)!);
        Fields =
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.CanWrite)
                .OrderBy(property => property.DeclaringType == type)
                .Select(property => new SpecFieldDescriptor(property, Described(property)))
                .Select(field => field with { Default = Defaults[field.Name] }),
        ];
        _byName = Fields.ToDictionary(field => field.Name);
    }

    /// <summary>The fields of <see cref="RunSpec"/>.</summary>
    public static SpecFieldCatalog Default { get; } = Of(typeof(RunSpec));

    /// <summary>The fields in the order of their declaration, those of a base type first.</summary>
    public IReadOnlyList<SpecFieldDescriptor> Fields { get; }

    /// <summary>JSON names of all fields.</summary>
    public IReadOnlyCollection<string> Names => _byName.Keys;

    /// <summary>A specification with all default values, as JSON.</summary>
    public JsonObject Defaults { get; }

    /// <summary>A field by its JSON name.</summary>
    public SpecFieldDescriptor this[string name] => _byName[name];

    /// <summary>The fields of a specification type.</summary>
    /// <exception cref="InvalidOperationException">A property has no description, or an incomplete one.</exception>
    public static SpecFieldCatalog Of(Type type) => _byType.GetOrAdd(type, static type => new(type));

    /// <summary>The fields of a specification.</summary>
    public static SpecFieldCatalog Of(RunSpec spec) => Of(spec.GetType());

    /// <summary>A specification as JSON, with the fields of its own type.</summary>
    public static JsonObject ToJson(RunSpec spec) => JsonSerializer.SerializeToNode(spec, spec.GetType(), ContractJson.Options)!.AsObject();

    /// <summary>A field by its JSON name, or null.</summary>
    public SpecFieldDescriptor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>JSON names of the fields with any of these roles.</summary>
    public IReadOnlySet<string> With(SpecRoles roles) => Where(field => field.Has(roles));

    /// <summary>JSON names of the fields that satisfy a condition.</summary>
    public IReadOnlySet<string> Where(Func<SpecFieldDescriptor, bool> condition) =>
        Fields.Where(condition).Select(field => field.Name).ToHashSet();

    /// <summary>The fields of a group.</summary>
    public IEnumerable<SpecFieldDescriptor> In(SpecGroup group) => Fields.Where(field => field.Group == group);

    private static SpecFieldAttribute Described(PropertyInfo property) =>
        property.GetCustomAttribute<SpecFieldAttribute>() is { Roles: not SpecRoles.None, Label.Length: > 0, Help.Length: > 0 } described
            ? described
            : throw new InvalidOperationException(
                $"{property.DeclaringType!.Name}.{property.Name} has no complete description; "
                    + $"add [SpecField] with group, roles, label and help.");
}
