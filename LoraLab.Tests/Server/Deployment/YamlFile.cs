using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace LoraLab.Tests.Server.Deployment;

/// <summary>A YAML file of the repository as JSON, in which every scalar is a text.</summary>
internal static class YamlFile
{
    /// <summary>Its documents, with aliases and merged keys resolved.</summary>
    public static IReadOnlyList<JsonNode> Read(string relative)
    {
        using StreamReader text = File.OpenText(Path.Combine(Fixtures.RepositoryRoot, relative));
        IDeserializer deserializer = new DeserializerBuilder().Build();
        MergingParser parser = new(new Parser(text));
        List<JsonNode> documents = [];
        parser.Consume<YamlDotNet.Core.Events.StreamStart>();
        while (parser.Accept<YamlDotNet.Core.Events.DocumentStart>(out _))
        {
            documents.Add(Convert(deserializer.Deserialize<object>(parser))!);
        }

        return documents;
    }

    private static JsonNode? Convert(object? value) => value switch
    {
        null => null,
        IDictionary<object, object> members => new JsonObject(
            members.Select(member => KeyValuePair.Create((string)member.Key, Convert(member.Value)))),
        IEnumerable<object> items => new JsonArray([.. items.Select(Convert)]),
        _ => JsonValue.Create((string)value),
    };
}
