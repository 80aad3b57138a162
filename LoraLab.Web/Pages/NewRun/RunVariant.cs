using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>One of the runs that the form creates.</summary>
/// <param name="Body">Its specification, without the contract's defaults.</param>
public sealed record RunVariant(JsonObject Body)
{
    /// <summary>Creates the specification of one method and seed.</summary>
    /// <param name="form">The form.</param>
    /// <param name="other">A method other than the form's, with its default options; null: the form's.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="manyMethods">Whether names need the method to be distinct.</param>
    /// <param name="manySeeds">Whether names need the seed to be distinct.</param>
    internal static RunVariant Create(SpecForm form, MethodDescriptor? other, JsonNode seed, bool manyMethods, bool manySeeds)
    {
        JsonObject body = form.Minimal();
        if (other is not null)
        {
            body["method"] = other.Id;
            body.Remove("methodOptions");
            body.Remove(other.HasLearningRateB ? "" : "learningRateB");
            body.Remove(other.AllowsInitFrom ? "" : "initFrom");
            foreach (string field in other.UnusedFields)
            {
                body.Remove(field);
            }
        }

        if (manySeeds || !JsonNode.DeepEquals(form.Values["seed"], seed))
        {
            body["seed"] = seed.DeepClone();
        }

        if (body["name"]?.ToString() is { Length: > 0 } name)
        {
            body["name"] = name + (manyMethods ? $" {body["method"]}" : "") + (manySeeds ? $" s{seed}" : "");
        }

        return new RunVariant(body);
    }
}
