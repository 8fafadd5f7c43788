// The AI SDK's providers, one function an API. They would read environment variables for whatever they are not given, so
// they are always given everything.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { ModelProviderConfig } from '../../platform/config.ts';
import type { ModelPort } from './model-port.ts';
import { providerModel } from './provider-model.ts';

const OPENAI_URL = 'https://api.openai.com/v1';
const ANTHROPIC_URL = 'https://api.anthropic.com/v1';
const GOOGLE_URL = 'https://generativelanguage.googleapis.com/v1beta';
const NO_KEY = 'none';

/** OpenAI's Responses API. The transcript is ours, so nothing is stored there. */
export function openAiResponses(config: ModelProviderConfig): ModelPort {
  const provider = openAiProvider(config);
  return providerModel((model) => provider.responses(model), {
    providerOptions: { openai: { store: false } },
    // Where it is not said, this API makes schemas strict, which turns optional fields into required ones.
    strictTools: false,
  });
}

/** Chat completions, which is what servers that imitate OpenAI have. */
export function openAiChat(config: ModelProviderConfig): ModelPort {
  const provider = openAiProvider(config);
  return providerModel((model) => provider.chat(model));
}

const openAiProvider = ({ apiKey, baseUrl }: ModelProviderConfig) =>
  createOpenAI({ apiKey: apiKey ?? NO_KEY, baseURL: versioned(baseUrl) ?? OPENAI_URL, fetch: fetchWithoutRedirects });

/** Anthropic's Messages API. */
export function anthropicMessages({ apiKey, baseUrl }: ModelProviderConfig): ModelPort {
  const provider = createAnthropic({
    apiKey: apiKey ?? NO_KEY,
    baseURL: versioned(baseUrl) ?? ANTHROPIC_URL,
    fetch: fetchWithoutRedirects,
  });
  return providerModel((model) => provider.languageModel(model));
}

/**
 * Gemini's `streamGenerateContent`. This API sends arguments as JSON within JSON, not as text: what its own parser merges
 * or rounds (equal keys, very large numbers) cannot be told from what the model meant.
 */
export function googleGenerateContent({ apiKey, baseUrl }: ModelProviderConfig): ModelPort {
  const provider = createGoogle({
    apiKey: apiKey ?? NO_KEY,
    baseURL: versioned(baseUrl, '/v1beta') ?? GOOGLE_URL,
    fetch: fetchWithoutRedirects,
  });
  return providerModel((model) => provider.chat(model));
}

/** Chat completions of any server, without OpenAI's peculiarities. Throws without a base URL. */
export function compatibleChat({ apiKey, baseUrl }: ModelProviderConfig): ModelPort {
  const baseURL = versioned(baseUrl);
  if (baseURL === undefined) throw new Error('A compatible server needs a base URL.');
  const provider = createOpenAICompatible({
    name: 'compatible',
    baseURL,
    includeUsage: true,
    fetch: fetchWithoutRedirects,
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  return providerModel((model) => provider.chatModel(model));
}

function versioned(baseUrl: string | undefined, version = '/v1'): string | undefined {
  if (baseUrl === undefined) return undefined;
  const url = new URL(baseUrl);
  return url.pathname === '/' ? `${url.origin}${version}` : baseUrl;
}

/** A redirect would carry keys and prompts to wherever it points. */
const fetchWithoutRedirects: typeof fetch = (input, init) => fetch(input, { ...init, redirect: 'error' });
