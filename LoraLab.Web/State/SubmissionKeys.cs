using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraLab.Web.State;

/// <summary>
/// One idempotency key per request body: submitting again after a lost connection sends the same key, so nothing is created twice.
/// </summary>
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

    /// <summary>Discards the keys after success: the same body then means a new submission.</summary>
    public void Clear() => _keys.Clear();
}
