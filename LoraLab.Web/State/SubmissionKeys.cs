using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraLab.Web.State;

/// <summary>One idempotency key for each body: pressing again after a lost connection sends the same key and creates nothing twice.</summary>
public sealed class SubmissionKeys
{
    private readonly Dictionary<string, string> _keys = [];

    public string For(JsonObject body)
    {
        string text = body.ToJsonString();
        if (!_keys.TryGetValue(text, out string? key))
        {
            _keys[text] = key = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
        }

        return key;
    }

    /// <summary>They were all created: the same body is meant anew.</summary>
    public void Forget() => _keys.Clear();
}
